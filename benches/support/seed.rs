//! Writes creditors with keys directly into the database, because sign-up and bcrypt are not measured.

use actors::clock::Clock;
use actors::domain::api_key::{full_key, generate_prefix, generate_secret};
use rand::Rng as _;
use sea_orm::{Database, Statement, TransactionTrait as _};
use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// A seeded creditor with its key and placement.
#[derive(Debug, Clone)]
pub(crate) struct Seeded {
    pub(crate) creditor: Uuid,
    pub(crate) placement: Uuid,
    pub(crate) key: String,
    pub(crate) prefix: String,
}

/// The lowest cost that bcrypt allows. One check takes about a millisecond.
const LOWEST_COST: u32 = 4;
/// The bcrypt cost of keys in production.
const PRODUCTION_COST: u32 = 6;
const NOW_MS: i64 = 1_780_272_000_000;
const HOUR_MS: i64 = 3_600_000;

/// Writes `count` creditors with one key and one placement each. The keys are hashed at the lowest cost.
pub(crate) async fn creditors(url: &str, count: usize) -> Vec<Seeded> {
    write(url, generate(count, LOWEST_COST).await).await
}

/// The same, with keys that are hashed at production cost.
pub(crate) async fn creditors_at_full_cost(url: &str, count: usize) -> Vec<Seeded> {
    write(url, generate(count, PRODUCTION_COST).await).await
}

/// Creates a dashboard session for each creditor. Returns the session tokens in the same order.
pub(crate) async fn sessions(url: &str, seeded: &[Seeded]) -> Vec<String> {
    let db = Database::connect(url).await.expect("the database");
    let transaction = db.begin().await.expect("a transaction");
    let mut tokens = Vec::with_capacity(seeded.len());
    for one in seeded {
        let token = format!("cs_{}", hex::encode(rand::random::<[u8; 32]>()));
        sign_in(&transaction, one.creditor, &token).await;
        tokens.push(token);
    }
    transaction.commit().await.expect("a commit");
    db.close().await.expect("closes");
    tokens
}

async fn sign_in(db: &impl sea_orm::ConnectionTrait, creditor: Uuid, token: &str) {
    let now_ms = Clock::system().now_ms();
    let values: [sea_orm::Value; 6] = [
        Uuid::now_v7().into(),
        Sha256::digest(token).to_vec().into(),
        creditor.into(),
        now_ms.into(),
        (now_ms + HOUR_MS).into(),
        Uuid::now_v7().into(),
    ];
    let insert = Statement::from_sql_and_values(
        db.get_database_backend(),
        "INSERT INTO session (id, token_hash, kind, creditor_id, created_ms, expires_ms, family_id, seen_ms) \
         VALUES ($1, $2, 'dashboard', $3, $4, $5, $6, $4)",
        values,
    );
    db.execute_raw(insert).await.expect("an insert");
}

async fn write(url: &str, generated: Vec<(Seeded, String)>) -> Vec<Seeded> {
    let db = Database::connect(url).await.expect("the database");
    for chunk in generated.chunks(1_000) {
        let transaction = db.begin().await.expect("a transaction");
        for (seeded, hash) in chunk {
            insert(&transaction, seeded, hash).await;
        }
        transaction.commit().await.expect("a commit");
    }
    db.close().await.expect("closes");
    generated.into_iter().map(|(seeded, _)| seeded).collect()
}

/// Generates keys and their hashes on all cores.
async fn generate(count: usize, cost: u32) -> Vec<(Seeded, String)> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let shares: Vec<_> = (0..cores)
        .map(|core| {
            let share = count / cores + usize::from(core < count % cores);
            tokio::task::spawn_blocking(move || {
                (0..share).map(|_| generate_one(cost)).collect::<Vec<_>>()
            })
        })
        .collect();
    let mut generated = Vec::with_capacity(count);
    for share in shares {
        generated.extend(share.await.expect("hashing ends without a panic"));
    }
    generated
}

fn generate_one(cost: u32) -> (Seeded, String) {
    let mut entropy = |bytes: &mut [u8]| rand::rng().fill_bytes(bytes);
    let prefix = generate_prefix(&mut entropy);
    let secret = generate_secret(&prefix, &mut entropy);
    let hash = bcrypt::non_truncating_hash(secret.expose(), cost).expect("hashes");
    let seeded = Seeded {
        creditor: Uuid::now_v7(),
        placement: Uuid::now_v7(),
        key: full_key(&prefix, &secret).expose_secret().to_owned(),
        prefix: prefix.as_str().to_owned(),
    };
    (seeded, hash)
}

async fn insert(db: &impl sea_orm::ConnectionTrait, seeded: &Seeded, hash: &str) {
    let backend = db.get_database_backend();
    let run = async |sql: &str, values: Vec<sea_orm::Value>| {
        db.execute_raw(Statement::from_sql_and_values(backend, sql, values))
            .await
            .expect("an insert");
    };
    let id = seeded.creditor;
    run(
        "INSERT INTO creditor (id, name, email, search, password_hash, tier, support_only_mint, posture_default, company, created_ms) \
         VALUES ($1, 'Bench', $2, 'bench', '', 'standard', $3, 'preserve', '{}', $4)",
        vec![id.into(), id.to_string().into(), false.into(), NOW_MS.into()],
    )
    .await;
    run(
        "INSERT INTO creditor_position (creditor_id, sequence, updated_ms) VALUES ($1, 0, $2)",
        vec![id.into(), NOW_MS.into()],
    )
    .await;
    run(
        "INSERT INTO api_key (id, creditor_id, prefix, scope, state, origin, secret_hash, created_ms, revealed_ms) \
         VALUES ($1, $2, $3, 'read_write', 'current', 'automatic', $4, $5, $5)",
        vec![Uuid::now_v7().into(), id.into(), seeded.prefix.as_str().into(), hash.into(), NOW_MS.into()],
    )
    .await;
    run(
        "INSERT INTO placement (id, creditor_id, invoice_number, invoice_date, due_date, amount_cents, paid_cents, status, paused, \
         posture, company_name, search, placed_ms, updated_ms) \
         VALUES ($1, $2, 'INV-1', '2026-01-01', '2026-02-01', 750000, 0, 'ready', $3, 'preserve', 'Late Payer Ltd', 'late', $4, $4)",
        vec![seeded.placement.into(), id.into(), false.into(), NOW_MS.into()],
    )
    .await;
}
