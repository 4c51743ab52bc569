-- What syncs, events, runs over many organisations and guards left behind, beside the four syncs of the organisation.

UPDATE calcom_sync_run_resources
SET requests = rows_read, throttled = rows_read % 3, waited_seconds = rows_read / 4.0,
    events_missed = rows_read % 5, events_late_seconds = rows_read * 3.5
WHERE resource IN ('bookings', 'users', 'memberships');

INSERT INTO calcom_sync_run_resources
    (run_id, resource, table_name, scope, started_at, finished_at, status, complete, rows_inserted, requests, throttled, waited_seconds)
VALUES
    ('run-5', 'teams', 'teams', 'organization_id=4100000041', '2027-03-26 04:00:00', '2027-03-26 04:01:00', 'failed', FALSE, 40, 7, 1, 2.5),
    ('run-6', 'teams', 'teams', 'organization_id=4100000041', '2027-03-19 04:00:00', '2027-03-19 04:01:00', 'failed', FALSE, 40, 9, 0, 0),
    ('run-7', 'webhooks', 'webhooks', 'organization_id=4100000041', '2027-03-25 04:00:00', '2027-03-25 04:01:00', 'unchanged', TRUE, 0, 1, 0, 0),
    ('run-8', 'webhooks', 'webhooks', 'organization_id=4100000041', '2027-03-26 04:00:00', '2027-03-26 04:01:00', 'lost', FALSE, 0, 1, 0, 0),
    ('run-9', 'api_keys', 'api_keys', 'organization_id=4100000041', '2027-03-26 04:00:00', '2027-03-26 04:01:00', 'failed', FALSE, NULL, 1, 0, 0);

INSERT INTO calcom_sync_fleet_runs
    (dag_id, dag_run_id, started_at, finished_at, status, organizations, synced, failed, requests, throttled, waited_seconds, worst_age_seconds, planned_age_seconds)
VALUES
    ('fleet', 'one', '2027-03-25 01:00:00', '2027-03-25 01:20:00', 'success', 1200, 1198, 2, 15000, 3, 12.5, 5400, 3600),
    ('fleet', 'two', '2027-03-26 01:00:00', '2027-03-26 01:20:00', 'success', 1200, 1200, 0, 14000, 0, 0, 3630, NULL);

INSERT INTO calcom_event_syncs
    (run_id, scope, started_at, finished_at, changes, rows_inserted, rows_updated, rows_deleted, requests, late_seconds)
VALUES
    ('event-1', 'organization_id=4100000041', '2027-03-26 23:00:00', '2027-03-26 23:00:04', 12, 3, 9, 0, 14, 33.24),
    ('event-2', 'organization_id=4100000041', '2027-03-26 23:30:00', '2027-03-26 23:30:04', 5, 0, 5, 0, 6, 8.5),
    ('event-3', 'organization_id=4100000041', '2027-03-27 00:10:00', '2027-03-27 00:10:04', 1, 1, 0, 0, 2, 4.75);

INSERT INTO calcom_writeback_quarantines
    (plan_id, last_plan_id, organization_id, namespace, kind, guards, began_at, ended_at, ended_as)
VALUES
    ('plan-4100000041-3', 'plan-4100000041-3', 4100000041, 'badge', 'attributes', '[{"guard": "unassigns"}]', at(2027-03-02 10:00), NULL, NULL),
    ('plan-4100000041-1', 'plan-4100000041-1', 4100000041, 'hr', 'out_of_office', '[{"guard": "vanished"}]', at(2027-02-02 10:00), at(2027-02-03 10:00), 'confirmed');
