//! What the built-in site holds: the figures of the status mail.

use crate::ledger::db::{self, Conn, query};
use rollover_jobs::{CustomerId, ports::SiteCounts};

db::statements! {
    COUNTS = "
        SELECT 'person', profile, count(*) FROM site_person WHERE customer_id = $1 AND state = 'active'
        GROUP BY profile
        UNION ALL
        SELECT 'group', group_type, count(*) FROM site_group WHERE customer_id = $1 GROUP BY group_type
        UNION ALL
        SELECT 'membership', '', count(*) FROM site_membership WHERE customer_id = $1
        UNION ALL
        SELECT 'course', state, count(*) FROM site_course WHERE customer_id = $1 GROUP BY state";
}

pub(super) async fn counts(conn: &mut Conn, customer: &CustomerId) -> Result<SiteCounts, sqlx::Error> {
    let rows = query!(fetch_all as (String, String, i64), conn.on(), COUNTS, customer.as_str())?;
    let mut counts = SiteCounts::default();
    for (kind, part, count) in rows {
        let count = u64::try_from(count).expect("a count is not negative");
        match (kind.as_str(), part.as_str()) {
            ("person", _) => drop(counts.persons.insert(part, count)),
            ("group", _) => drop(counts.groups.insert(part, count)),
            ("membership", _) => counts.memberships = count,
            ("course", "archived") => counts.courses_archived = count,
            _ => counts.courses_active += count,
        }
    }
    Ok(counts)
}
