-- The ledger: what is to be done, what was done, who decided. Times are moments in UTC.

CREATE TABLE customer (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL,
    country     TEXT NOT NULL,
    time_zone   TEXT NOT NULL,
    mis         TEXT NOT NULL,
    middleware  TEXT,
    modules     TEXT NOT NULL,
    settings    TEXT NOT NULL,
    created_at  TEXT NOT NULL,
    updated_at  TEXT NOT NULL
) STRICT;

-- The dates of one change of school year; year is the calendar year of that summer.
CREATE TABLE calendar (
    customer_id TEXT NOT NULL REFERENCES customer (id),
    year        INTEGER NOT NULL,
    dates       TEXT NOT NULL,
    updated_at  TEXT NOT NULL,
    PRIMARY KEY (customer_id, year)
) STRICT;

CREATE TABLE integration (
    customer_id     TEXT PRIMARY KEY REFERENCES customer (id),
    pause_since     TEXT,
    pause_why       TEXT,
    -- the person, or the step of a plan, that has set it
    pause_by        TEXT,
    delay_start     TEXT,
    delay_end       TEXT,
    delay_by        TEXT,
    import_snapshot TEXT,
    mirror_snapshot TEXT,
    -- the mirror with what a roster that was begun and not ended may have changed at the site
    under_way       TEXT,
    -- what the site held when that began, and what was applied since
    begun           TEXT,
    -- when the site first held a whole roster
    whole_at        TEXT,
    updated_at      TEXT NOT NULL
) STRICT;

CREATE TABLE plan (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    customer_id      TEXT NOT NULL REFERENCES customer (id),
    template         TEXT NOT NULL,
    template_version INTEGER NOT NULL,
    year             INTEGER NOT NULL,
    state            TEXT NOT NULL,
    created_at       TEXT NOT NULL,
    created_by       TEXT NOT NULL,
    ended_at         TEXT
) STRICT;
CREATE UNIQUE INDEX plan_active ON plan (customer_id, template, year) WHERE state = 'active';

CREATE TABLE task (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    customer_id TEXT REFERENCES customer (id),
    plan_id     INTEGER REFERENCES plan (id),
    position    INTEGER NOT NULL,
    step        TEXT NOT NULL,
    title       TEXT NOT NULL,
    help        TEXT NOT NULL,
    kind        TEXT NOT NULL,
    args        TEXT NOT NULL,
    schedule    TEXT NOT NULL,
    -- steps of the plan that must be settled well before it runs
    needs       TEXT NOT NULL,
    catch_up    TEXT NOT NULL,
    owner       TEXT NOT NULL,
    sign_off    INTEGER NOT NULL,
    deadline    TEXT,
    state       TEXT NOT NULL,
    why         TEXT,
    who         TEXT,
    due_at      TEXT,
    version     INTEGER NOT NULL,
    created_at  TEXT NOT NULL,
    updated_at  TEXT NOT NULL
) STRICT;
CREATE INDEX task_due ON task (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX task_of_plan ON task (plan_id, position);
CREATE INDEX task_of_customer ON task (customer_id);

CREATE TABLE job (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    task_id          INTEGER REFERENCES task (id),
    customer_id      TEXT REFERENCES customer (id),
    kind             TEXT NOT NULL,
    args             TEXT NOT NULL,
    lane             TEXT,
    state            TEXT NOT NULL,
    generation       INTEGER NOT NULL,
    attempt          INTEGER NOT NULL,
    -- how often a person had it run again after its end
    round            INTEGER NOT NULL,
    -- the generation of the end without a report that its kind was told of
    told_end         INTEGER,
    due_at           TEXT NOT NULL,
    run_at           TEXT,
    sent_at          TEXT,
    lease_owner      TEXT,
    lease_until      TEXT,
    cancel_requested INTEGER NOT NULL,
    why              TEXT,
    who              TEXT,
    report           TEXT,
    created_at       TEXT NOT NULL,
    started_at       TEXT,
    ended_at         TEXT
) STRICT;
-- A due moment fires once, whatever crashes (S2).
CREATE UNIQUE INDEX job_once_per_moment ON job (task_id, due_at) WHERE task_id IS NOT NULL;
-- One running job per customer and lane (S6).
CREATE UNIQUE INDEX job_lane ON job (customer_id, lane) WHERE state = 'running' AND lane IS NOT NULL;
CREATE INDEX job_to_send ON job (run_at, id)
    WHERE sent_at IS NULL AND run_at IS NOT NULL AND state IN ('ready', 'retrying', 'waiting');
CREATE INDEX job_sent ON job (sent_at)
    WHERE sent_at IS NOT NULL AND state IN ('ready', 'retrying', 'waiting');
-- Who is next in a lane, and whether one of it is on its way.
CREATE INDEX job_in_lane ON job (customer_id, lane, run_at, id)
    WHERE lane IS NOT NULL AND run_at IS NOT NULL AND state IN ('ready', 'retrying', 'waiting');
CREATE INDEX job_lease ON job (lease_until) WHERE state = 'running';
CREATE INDEX job_untold_end ON job (kind, id)
    WHERE state IN ('failed', 'aborted', 'cancelled') AND (told_end IS NULL OR told_end <> generation);
CREATE INDEX job_of_task ON job (task_id);
CREATE INDEX job_of_customer ON job (customer_id, id);
-- Lists and counts by state, without a look at every job that is done; it stays as small as what is open.
CREATE INDEX job_not_done ON job (state, id) WHERE state <> 'done';

-- Ends without a report whose job was run again before its kind was told of them.
CREATE TABLE earlier_end (
    job_id     INTEGER NOT NULL REFERENCES job (id),
    generation INTEGER NOT NULL,
    round      INTEGER NOT NULL,
    attempt    INTEGER NOT NULL,
    state      TEXT NOT NULL,
    why        TEXT,
    started_at TEXT,
    ended_at   TEXT,
    PRIMARY KEY (job_id, generation)
) STRICT;

CREATE TABLE event (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    at          TEXT NOT NULL,
    customer_id TEXT,
    plan_id     INTEGER,
    task_id     INTEGER,
    job_id      INTEGER,
    name        TEXT NOT NULL,
    from_state  TEXT,
    to_state    TEXT,
    actor       TEXT NOT NULL,
    note        TEXT
) STRICT;
CREATE INDEX event_of_job ON event (job_id, id) WHERE job_id IS NOT NULL;
CREATE INDEX event_of_task ON event (task_id, id) WHERE task_id IS NOT NULL;
CREATE INDEX event_of_customer ON event (customer_id, id) WHERE customer_id IS NOT NULL;

CREATE TABLE decision (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    at              TEXT NOT NULL,
    kind            TEXT NOT NULL,
    customer_id     TEXT,
    task_id         INTEGER REFERENCES task (id),
    -- the run that it takes back
    undoes          INTEGER,
    roster          TEXT,
    -- what the site held when it was made: the difference that was decided on
    mirror          TEXT,
    limits          TEXT,
    -- what of the difference flows; without it all of it
    slice           TEXT,
    customer_person TEXT,
    support_person  TEXT NOT NULL,
    reason          TEXT NOT NULL,
    used_by_run     INTEGER,
    -- a person took it back before any run used it
    withdrawn_at    TEXT,
    withdrawn_by    TEXT,
    withdrawn_why   TEXT
) STRICT;
CREATE INDEX decision_of_task ON decision (task_id) WHERE task_id IS NOT NULL;
CREATE INDEX decision_of_customer ON decision (customer_id, id) WHERE customer_id IS NOT NULL;

CREATE TABLE import_run (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    job_id      INTEGER NOT NULL REFERENCES job (id),
    round       INTEGER NOT NULL,
    customer_id TEXT NOT NULL REFERENCES customer (id),
    outcome     TEXT NOT NULL,
    started_at  TEXT NOT NULL,
    ended_at    TEXT NOT NULL,
    roster      TEXT,
    record      TEXT NOT NULL,
    -- the run that this one takes back
    undoes      INTEGER REFERENCES import_run (id)
) STRICT;
-- One run in each life of a job (I2).
CREATE UNIQUE INDEX import_run_once ON import_run (job_id, round);
CREATE INDEX import_run_of_customer ON import_run (customer_id, id);
-- A run is taken back once.
CREATE UNIQUE INDEX import_run_undone_once ON import_run (undoes) WHERE undoes IS NOT NULL AND outcome = 'completed';

CREATE TABLE mail (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    customer_id TEXT REFERENCES customer (id),
    run_id      INTEGER REFERENCES import_run (id),
    kind        TEXT NOT NULL,
    message_id  TEXT NOT NULL UNIQUE,
    -- one: a mailbox that is refused keeps the mail from nobody else
    recipient   TEXT NOT NULL,
    subject     TEXT NOT NULL,
    text_body   TEXT NOT NULL,
    html_body   TEXT NOT NULL,
    created_at  TEXT NOT NULL,
    sent_at     TEXT,
    why         TEXT
) STRICT;
CREATE INDEX mail_of_customer ON mail (customer_id, id);

-- Who leads the scheduler, until when.
CREATE TABLE leader (
    name  TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    until TEXT NOT NULL
) STRICT;

-- The built-in site: what a customer's learning platform holds.
CREATE TABLE site_group (
    customer_id   TEXT NOT NULL REFERENCES customer (id),
    source        TEXT NOT NULL,
    sync_key      TEXT NOT NULL,
    group_type    TEXT NOT NULL,
    level         INTEGER NOT NULL,
    name          TEXT NOT NULL,
    parent_source TEXT,
    parent_key    TEXT,
    made_by       TEXT NOT NULL,
    -- what most records lack, as JSON
    details       TEXT,
    hash          TEXT NOT NULL,
    PRIMARY KEY (customer_id, source, sync_key)
) STRICT;

CREATE TABLE site_person (
    account        INTEGER PRIMARY KEY AUTOINCREMENT,
    customer_id    TEXT NOT NULL REFERENCES customer (id),
    -- absent: the integration matches nobody of the MIS with it
    source         TEXT,
    sync_key       TEXT,
    userid         TEXT,
    given          TEXT NOT NULL,
    family         TEXT NOT NULL,
    email          TEXT,
    birth_date     TEXT,
    profile        TEXT NOT NULL,
    -- active, or in the administrator's trash: no login, restorable
    state          TEXT NOT NULL,
    made_by        TEXT NOT NULL,
    -- the person who made the account by hand, and the group it was made in
    created_by     TEXT,
    made_in_source TEXT,
    made_in_key    TEXT,
    details        TEXT,
    hash           TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX site_person_by_key ON site_person (customer_id, source, sync_key);
CREATE INDEX site_person_by_account ON site_person (customer_id, account);
CREATE INDEX site_person_without_key ON site_person (customer_id, account) WHERE sync_key IS NULL;

CREATE TABLE site_course (
    customer_id     TEXT NOT NULL REFERENCES customer (id),
    source          TEXT NOT NULL,
    sync_key        TEXT NOT NULL,
    title           TEXT NOT NULL,
    code            TEXT,
    template_source TEXT,
    template_key    TEXT,
    parent_source   TEXT,
    parent_key      TEXT,
    -- active or archived; attached to its group in the hierarchy or living on by itself
    state           TEXT NOT NULL,
    attached        INTEGER NOT NULL,
    made_by         TEXT NOT NULL,
    details         TEXT,
    hash            TEXT NOT NULL,
    PRIMARY KEY (customer_id, source, sync_key)
) STRICT;

CREATE TABLE site_membership (
    customer_id   TEXT NOT NULL REFERENCES customer (id),
    group_source  TEXT NOT NULL,
    group_key     TEXT NOT NULL,
    person_source TEXT NOT NULL,
    person_key    TEXT NOT NULL,
    role          TEXT NOT NULL,
    begins        TEXT,
    ends          TEXT,
    -- integration, or manual: the integration leaves it alone
    made_by       TEXT NOT NULL,
    details       TEXT,
    hash          TEXT NOT NULL,
    PRIMARY KEY (customer_id, group_source, group_key, person_source, person_key)
) STRICT;
