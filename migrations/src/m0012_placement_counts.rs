//! The number of placements of each creditor by status, so that the total of a list needs no count of its rows.

pub(crate) const SCRIPT: &str = "
ALTER TABLE creditor_position ADD COLUMN placement_counts text NOT NULL DEFAULT '{}';
UPDATE creditor_position SET placement_counts = (
    SELECT CAST(@json_object_agg(counted.status, counted.number) AS text)
    FROM (
        SELECT p.status AS status, count(*) AS number FROM placement p
        WHERE p.creditor_id = creditor_position.creditor_id
        GROUP BY p.status
    ) counted)
WHERE EXISTS (SELECT 1 FROM placement p WHERE p.creditor_id = creditor_position.creditor_id);
";
