//! The balance of a placement and the recording of payments.
//!
//! Owns balance, settlement and the rule that a payment never exceeds the balance. Never decides who
//! may record a payment or which status follows: `transition` does.

use super::super::money::Cents;

/// Why a payment is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PaymentRejection {
    /// The payment exceeds the balance.
    #[error(
        "the payment is more than the balance of {balance}: record at most that, or amend the amount first"
    )]
    Overpayment {
        /// The balance, the amount still owed.
        balance: Cents,
    },
    /// The payment is zero or negative.
    #[error("a payment must be greater than zero")]
    NotPositive,
}

/// The amount still owed. Never negative, even if the amount was amended below the paid sum.
#[must_use]
pub fn balance(amount: Cents, paid: Cents) -> Cents {
    amount
        .checked_sub(paid)
        .map_or(Cents::ZERO, |rest| rest.max(Cents::ZERO))
}

/// Whether the paid sum covers the amount.
#[must_use]
pub fn settles(amount: Cents, paid: Cents) -> bool {
    paid >= amount
}

/// Returns the new sum of payments.
///
/// # Errors
/// [`PaymentRejection::Overpayment`] if the payment exceeds the balance,
/// [`PaymentRejection::NotPositive`] if it is zero or negative.
pub fn record(amount: Cents, paid: Cents, payment: Cents) -> Result<Cents, PaymentRejection> {
    if payment <= Cents::ZERO {
        return Err(PaymentRejection::NotPositive);
    }
    let balance = balance(amount, paid);
    if payment > balance {
        return Err(PaymentRejection::Overpayment { balance });
    }
    paid.checked_add(payment)
        .ok_or(PaymentRejection::Overpayment { balance })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn cents(raw: i64) -> Cents {
        Cents::from_raw(raw)
    }

    #[test]
    fn payment_above_the_balance_is_refused() {
        assert_eq!(record(cents(100), cents(0), cents(100)), Ok(cents(100)));
        let refusal = record(cents(100), cents(40), cents(61)).unwrap_err();
        assert_eq!(
            refusal,
            PaymentRejection::Overpayment { balance: cents(60) }
        );
        assert!(refusal.to_string().contains("0.60"));
        assert_eq!(
            record(cents(100), cents(120), cents(1)),
            Err(PaymentRejection::Overpayment {
                balance: Cents::ZERO
            })
        );
        assert_eq!(
            record(cents(100), cents(0), Cents::ZERO),
            Err(PaymentRejection::NotPositive)
        );
        assert_eq!(
            record(cents(100), cents(0), cents(-1)),
            Err(PaymentRejection::NotPositive)
        );
    }

    proptest! {
        #[test]
        fn paid_never_exceeds_amount(amount in 1..1_000_i64, payments in prop::collection::vec(-5..400_i64, 0..20)) {
            let amount = cents(amount);
            let mut paid = Cents::ZERO;
            for payment in payments {
                if let Ok(sum) = record(amount, paid, cents(payment)) {
                    prop_assert!(sum > paid && sum <= amount);
                    paid = sum;
                }
                prop_assert_eq!(settles(amount, paid), balance(amount, paid) == Cents::ZERO);
            }
        }

        #[test]
        fn record_and_balance_never_panic(amount: i64, paid: i64, payment: i64) {
            let _ = (record(cents(amount), cents(paid), cents(payment)), balance(cents(amount), cents(paid)));
        }
    }
}
