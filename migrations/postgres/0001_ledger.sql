-- The ledger: what is to be done, what was done, who decided. Times are moments in UTC.

CREATE TABLE customer (
    id          text PRIMARY KEY,
    name        text NOT NULL,
    country     text NOT NULL,
    time_zone   text NOT NULL,
    mis         text NOT NULL,
    middleware  text,
    modules     jsonb NOT NULL,
    settings    jsonb NOT NULL,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL
);

-- The dates of one change of school year; year is the calendar year of that summer.
CREATE TABLE calendar (
    customer_id text NOT NULL REFERENCES customer (id),
    year        integer NOT NULL,
    dates       jsonb NOT NULL,
    updated_at  timestamptz NOT NULL,
    PRIMARY KEY (customer_id, year)
);

CREATE TABLE integration (
    customer_id     text PRIMARY KEY REFERENCES customer (id),
    pause_since     timestamptz,
    pause_why       text,
    -- the person, or the step of a plan, that has set it
    pause_by        jsonb,
    delay_start     date,
    delay_end       date,
    delay_by        jsonb,
    import_snapshot text,
    mirror_snapshot text,
    -- the mirror with what a roster that was begun and not ended may have changed at the site
    under_way       text,
    -- what the site held when that began, and what was applied since
    begun           jsonb,
    -- when the site first held a whole roster
    whole_at        timestamptz,
    updated_at      timestamptz NOT NULL
);

CREATE TABLE plan (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id      text NOT NULL REFERENCES customer (id),
    template         text NOT NULL,
    template_version integer NOT NULL,
    year             integer NOT NULL,
    state            text NOT NULL,
    created_at       timestamptz NOT NULL,
    created_by       text NOT NULL,
    ended_at         timestamptz
);
CREATE UNIQUE INDEX plan_active ON plan (customer_id, template, year) WHERE state = 'active';

CREATE TABLE task (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id text REFERENCES customer (id),
    plan_id     bigint REFERENCES plan (id),
    position    integer NOT NULL,
    step        text NOT NULL,
    title       text NOT NULL,
    help        text NOT NULL,
    kind        text NOT NULL,
    args        jsonb NOT NULL,
    schedule    jsonb NOT NULL,
    -- steps of the plan that must be settled well before it runs
    needs       jsonb NOT NULL,
    catch_up    text NOT NULL,
    owner       text NOT NULL,
    sign_off    boolean NOT NULL,
    deadline    timestamptz,
    state       text NOT NULL,
    why         text,
    who         text,
    due_at      timestamptz,
    version     integer NOT NULL,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL
);
CREATE INDEX task_due ON task (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX task_of_plan ON task (plan_id, position);
CREATE INDEX task_of_customer ON task (customer_id);

CREATE TABLE job (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    task_id          bigint REFERENCES task (id),
    customer_id      text REFERENCES customer (id),
    kind             text NOT NULL,
    args             jsonb NOT NULL,
    lane             text,
    state            text NOT NULL,
    generation       integer NOT NULL,
    attempt          integer NOT NULL,
    -- how often a person had it run again after its end
    round            integer NOT NULL,
    -- the generation of the end without a report that its kind was told of
    told_end         integer,
    due_at           timestamptz NOT NULL,
    run_at           timestamptz,
    sent_at          timestamptz,
    lease_owner      text,
    lease_until      timestamptz,
    cancel_requested boolean NOT NULL,
    why              text,
    who              text,
    report           jsonb,
    created_at       timestamptz NOT NULL,
    started_at       timestamptz,
    ended_at         timestamptz
);
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
    job_id     bigint NOT NULL REFERENCES job (id),
    generation integer NOT NULL,
    round      integer NOT NULL,
    attempt    integer NOT NULL,
    state      text NOT NULL,
    why        text,
    started_at timestamptz,
    ended_at   timestamptz,
    PRIMARY KEY (job_id, generation)
);

CREATE TABLE event (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at          timestamptz NOT NULL,
    customer_id text,
    plan_id     bigint,
    task_id     bigint,
    job_id      bigint,
    name        text NOT NULL,
    from_state  text,
    to_state    text,
    actor       text NOT NULL,
    note        text
);
CREATE INDEX event_of_job ON event (job_id, id) WHERE job_id IS NOT NULL;
CREATE INDEX event_of_task ON event (task_id, id) WHERE task_id IS NOT NULL;
CREATE INDEX event_of_customer ON event (customer_id, id) WHERE customer_id IS NOT NULL;

CREATE TABLE decision (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at              timestamptz NOT NULL,
    kind            text NOT NULL,
    customer_id     text,
    task_id         bigint REFERENCES task (id),
    -- the run that it takes back
    undoes          bigint,
    roster          text,
    -- what the site held when it was made: the difference that was decided on
    mirror          text,
    limits          jsonb,
    -- what of the difference flows; without it all of it
    slice           jsonb,
    customer_person text,
    support_person  text NOT NULL,
    reason          text NOT NULL,
    used_by_run     bigint,
    -- a person took it back before any run used it
    withdrawn_at    timestamptz,
    withdrawn_by    text,
    withdrawn_why   text
);
CREATE INDEX decision_of_task ON decision (task_id) WHERE task_id IS NOT NULL;
CREATE INDEX decision_of_customer ON decision (customer_id, id) WHERE customer_id IS NOT NULL;

CREATE TABLE import_run (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job_id      bigint NOT NULL REFERENCES job (id),
    round       integer NOT NULL,
    customer_id text NOT NULL REFERENCES customer (id),
    outcome     text NOT NULL,
    started_at  timestamptz NOT NULL,
    ended_at    timestamptz NOT NULL,
    roster      text,
    record      jsonb NOT NULL,
    -- the run that this one takes back
    undoes      bigint REFERENCES import_run (id)
);
-- One run in each life of a job (I2).
CREATE UNIQUE INDEX import_run_once ON import_run (job_id, round);
CREATE INDEX import_run_of_customer ON import_run (customer_id, id);
-- A run is taken back once.
CREATE UNIQUE INDEX import_run_undone_once ON import_run (undoes) WHERE undoes IS NOT NULL AND outcome = 'completed';

CREATE TABLE mail (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id text REFERENCES customer (id),
    run_id      bigint REFERENCES import_run (id),
    kind        text NOT NULL,
    message_id  text NOT NULL UNIQUE,
    -- one: a mailbox that is refused keeps the mail from nobody else
    recipient   text NOT NULL,
    subject     text NOT NULL,
    text_body   text NOT NULL,
    html_body   text NOT NULL,
    created_at  timestamptz NOT NULL,
    sent_at     timestamptz,
    why         text
);
CREATE INDEX mail_of_customer ON mail (customer_id, id);

-- Who leads the scheduler, until when.
CREATE TABLE leader (
    name  text PRIMARY KEY,
    owner text NOT NULL,
    until timestamptz NOT NULL
);

-- The built-in site: what a customer's learning platform holds.
CREATE TABLE site_group (
    customer_id   text NOT NULL REFERENCES customer (id),
    source        text NOT NULL,
    sync_key      text NOT NULL,
    group_type    text NOT NULL,
    level         integer NOT NULL,
    name          text NOT NULL,
    parent_source text,
    parent_key    text,
    made_by       text NOT NULL,
    -- what most records lack, as JSON
    details       jsonb,
    hash          text NOT NULL,
    PRIMARY KEY (customer_id, source, sync_key)
);

CREATE TABLE site_person (
    account        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id    text NOT NULL REFERENCES customer (id),
    -- absent: the integration matches nobody of the MIS with it
    source         text,
    sync_key       text,
    userid         text,
    given          text NOT NULL,
    family         text NOT NULL,
    email          text,
    birth_date     date,
    profile        text NOT NULL,
    -- active, or in the administrator's trash: no login, restorable
    state          text NOT NULL,
    made_by        text NOT NULL,
    -- the person who made the account by hand, and the group it was made in
    created_by     text,
    made_in_source text,
    made_in_key    text,
    details        jsonb,
    hash           text NOT NULL
);
CREATE UNIQUE INDEX site_person_by_key ON site_person (customer_id, source, sync_key);
CREATE INDEX site_person_by_account ON site_person (customer_id, account);
CREATE INDEX site_person_without_key ON site_person (customer_id, account) WHERE sync_key IS NULL;

CREATE TABLE site_course (
    customer_id     text NOT NULL REFERENCES customer (id),
    source          text NOT NULL,
    sync_key        text NOT NULL,
    title           text NOT NULL,
    code            text,
    template_source text,
    template_key    text,
    parent_source   text,
    parent_key      text,
    -- active or archived; attached to its group in the hierarchy or living on by itself
    state           text NOT NULL,
    attached        boolean NOT NULL,
    made_by         text NOT NULL,
    details         jsonb,
    hash            text NOT NULL,
    PRIMARY KEY (customer_id, source, sync_key)
);

CREATE TABLE site_membership (
    customer_id   text NOT NULL REFERENCES customer (id),
    group_source  text NOT NULL,
    group_key     text NOT NULL,
    person_source text NOT NULL,
    person_key    text NOT NULL,
    role          text NOT NULL,
    begins        date,
    ends          date,
    -- integration, or manual: the integration leaves it alone
    made_by       text NOT NULL,
    details       jsonb,
    hash          text NOT NULL,
    PRIMARY KEY (customer_id, group_source, group_key, person_source, person_key)
);
