//! How much is still owed.
//!
//! Owns balance, settlement and the one rule of recording a payment: never more than the balance.
//! Who may record one, and which status follows, is `transition`'s.

use super::super::money::Cents;

/// Why a payment was not recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PaymentRefusal {
    /// More than what is owed.
    #[error(
        "the payment is more than the balance of {balance}: record at most that, or amend the amount first"
    )]
    Overpayment {
        /// What is owed.
        balance: Cents,
    },
    /// Zero or less.
    #[error("a payment must be greater than zero")]
    NotPositive,
}

/// What is still owed; never negative, also after the amount was amended below what was paid.
#[must_use]
pub fn balance(amount: Cents, paid: Cents) -> Cents {
    amount
        .checked_sub(paid)
        .map_or(Cents::ZERO, |rest| rest.max(Cents::ZERO))
}

/// Whether nothing is owed any more.
#[must_use]
pub fn settles(amount: Cents, paid: Cents) -> bool {
    paid >= amount
}

/// The new sum of payments.
///
/// # Errors
/// [`PaymentRefusal::Overpayment`] beyond the balance, [`PaymentRefusal::NotPositive`] for nothing.
pub fn record(amount: Cents, paid: Cents, payment: Cents) -> Result<Cents, PaymentRefusal> {
    if payment <= Cents::ZERO {
        return Err(PaymentRefusal::NotPositive);
    }
    let balance = balance(amount, paid);
    if payment > balance {
        return Err(PaymentRefusal::Overpayment { balance });
    }
    paid.checked_add(payment)
        .ok_or(PaymentRefusal::Overpayment { balance })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn cents(raw: i64) -> Cents {
        Cents::from_raw(raw)
    }

    #[test]
    fn a_payment_is_at_most_the_balance() {
        assert_eq!(record(cents(100), cents(0), cents(100)), Ok(cents(100)));
        let refusal = record(cents(100), cents(40), cents(61)).unwrap_err();
        assert_eq!(refusal, PaymentRefusal::Overpayment { balance: cents(60) });
        assert!(refusal.to_string().contains("0.60"));
        assert_eq!(
            record(cents(100), cents(120), cents(1)),
            Err(PaymentRefusal::Overpayment {
                balance: Cents::ZERO
            })
        );
        assert_eq!(
            record(cents(100), cents(0), Cents::ZERO),
            Err(PaymentRefusal::NotPositive)
        );
        assert_eq!(
            record(cents(100), cents(0), cents(-1)),
            Err(PaymentRefusal::NotPositive)
        );
    }

    proptest! {
        #[test]
        fn paid_never_passes_the_amount(amount in 1..1_000_i64, payments in prop::collection::vec(-5..400_i64, 0..20)) {
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
        fn no_numbers_panic(amount: i64, paid: i64, payment: i64) {
            let _ = (record(cents(amount), cents(paid), cents(payment)), balance(cents(amount), cents(paid)));
        }
    }
}
