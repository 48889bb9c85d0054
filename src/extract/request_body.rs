//! The one way to declare a JSON request body.
//!
//! Owns what every body has in common: each field records what was sent, unknown members are collected and reported,
//! and the OpenAPI schema says which fields are required. A handler gets the values of the right type and adds its own
//! rules.

/// Declares a request body and the values that are read from it.
///
/// ```text
/// request_body! {
///     /// What the OpenAPI document says about the body.
///     #[schema(as = PaymentReceived)]
///     pub(crate) struct Request {
///         /// What it says about the field.
///         #[schema(example = "2500.00")]
///         required amount: Amount => String,
///         optional note: String,
///         nullable webhook_url: String,
///     }
/// }
/// ```
///
/// - `required`: an error if the member is absent or null. Its value is an `Option<T>`, `None` after an error.
/// - `optional`: absent and null are the same. Its value is an `Option<T>`.
/// - `nullable`: for PATCH. Absent is `None`, null is `Some(None)`.
///
/// `T => S` documents a field of type `T` with the schema of `S`. `Fields::read` reports every error of presence and
/// type, and every unknown member.
///
/// If a rule of the handler rejects absence or null, the field is `optional` or `nullable`, and `#[schema(required)]`
/// or `#[schema(nullable = false)]` documents the rule.
macro_rules! request_body {
    (@field { $($head:tt)* } { $($fields:tt)* } { $($values:tt)* } { $($reads:tt)* };
        $(#[$meta:meta])* required $name:ident : $type:ty => $schema:ty, $($rest:tt)*) => {
        $crate::extract::request_body! {
            @field { $($head)* }
            { $($fields)* $(#[$meta])* #[serde(default)] #[schema(value_type = $schema, required)] $name: $crate::extract::Field<$type>, }
            { $($values)* $name: Option<$type>, }
            { $($reads)* required $name, };
            $($rest)*
        }
    };
    (@field { $($head:tt)* } { $($fields:tt)* } { $($values:tt)* } { $($reads:tt)* };
        $(#[$meta:meta])* optional $name:ident : $type:ty => $schema:ty, $($rest:tt)*) => {
        $crate::extract::request_body! {
            @field { $($head)* }
            { $($fields)* $(#[$meta])* #[serde(default)] #[schema(value_type = Option<$schema>)] $name: $crate::extract::Field<$type>, }
            { $($values)* $name: Option<$type>, }
            { $($reads)* optional $name, };
            $($rest)*
        }
    };
    (@field { $($head:tt)* } { $($fields:tt)* } { $($values:tt)* } { $($reads:tt)* };
        $(#[$meta:meta])* nullable $name:ident : $type:ty => $schema:ty, $($rest:tt)*) => {
        $crate::extract::request_body! {
            @field { $($head)* }
            { $($fields)* $(#[$meta])* #[serde(default)] #[schema(value_type = Option<$schema>)] $name: $crate::extract::Field<$type>, }
            { $($values)* $name: Option<Option<$type>>, }
            { $($reads)* nullable $name, };
            $($rest)*
        }
    };
    // The schema is that of the type.
    (@field { $($head:tt)* } { $($fields:tt)* } { $($values:tt)* } { $($reads:tt)* };
        $(#[$meta:meta])* $kind:ident $name:ident : $type:ty, $($rest:tt)*) => {
        $crate::extract::request_body! {
            @field { $($head)* } { $($fields)* } { $($values)* } { $($reads)* };
            $(#[$meta])* $kind $name : $type => $type, $($rest)*
        }
    };
    (@field { $(#[$meta:meta])* $visibility:vis struct $request:ident }
        { $($fields:tt)* } { $($value_fields:tt)* } { $($kind:ident $name:ident,)* };) => {
        #[derive(Default, serde::Deserialize, utoipa::ToSchema)]
        $(#[$meta])*
        $visibility struct $request {
            $($fields)*
            #[serde(flatten)]
            #[schema(ignore)]
            unknown: $crate::extract::Unknown,
        }

        const _: () = {
            $visibility struct Values {
                $($value_fields)*
            }

            impl $crate::extract::Fields for $request {
                type Values = Values;

                fn read(self, errors: &mut $crate::extract::FieldErrors) -> Values {
                    let values = Values {
                        $($name: errors.$kind(stringify!($name), self.$name),)*
                    };
                    errors.unknown(&self.unknown);
                    values
                }
            }
        };
    };
    ($(#[$meta:meta])* $visibility:vis struct $request:ident { $($fields:tt)* }) => {
        $crate::extract::request_body! {
            @field { $(#[$meta])* $visibility struct $request } {} {} {};
            $($fields)*
        }
    };
}
pub(crate) use request_body;
