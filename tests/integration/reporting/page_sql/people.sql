-- Members, and who holds which option of a list, each with the moments between which it was so.

CREATE TABLE truth_membership AS
SELECT user_id, seconds(valid_from) AS begins, COALESCE(seconds(valid_to), at(2999-01-01 00:00)) AS ends
FROM calcom_memberships
WHERE accepted IS TRUE;

CREATE TABLE truth_option AS
SELECT o.id AS option_id, a.id AS attribute_id, a.slug AS attribute, o.value
FROM calcom_attribute_options o
JOIN calcom_attributes a ON a.id = o.attribute_id
WHERE a.enabled IS TRUE AND a.type IN ('SINGLE_SELECT', 'MULTI_SELECT');

CREATE TABLE truth_assignment AS
SELECT x.option_id, x.user_id, seconds(x.valid_from) AS begins, COALESCE(seconds(x.valid_to), at(2999-01-01 00:00)) AS ends
FROM calcom_attribute_assignments x
JOIN truth_option o ON o.option_id = x.option_id AND o.attribute_id = x.attribute_id;

CREATE TABLE truth_now AS
SELECT DISTINCT user_id FROM calcom_memberships WHERE accepted IS TRUE AND is_current IS TRUE;

CREATE TABLE truth_holder AS
SELECT DISTINCT x.option_id, x.user_id
FROM calcom_attribute_assignments x
JOIN truth_now m ON m.user_id = x.user_id
JOIN truth_option o ON o.option_id = x.option_id
WHERE x.is_current IS TRUE;

-- What held at the end of a day held on it.
CREATE TABLE truth_member_day AS
SELECT DISTINCT d.day, m.user_id
FROM truth_day d
JOIN truth_membership m ON m.begins < (d.day + 1) * 86400 AND m.ends >= (d.day + 1) * 86400;

CREATE TABLE truth_holder_day AS
SELECT DISTINCT d.day, x.option_id, x.user_id
FROM truth_day d
JOIN truth_assignment x ON x.begins < (d.day + 1) * 86400 AND x.ends >= (d.day + 1) * 86400
JOIN truth_membership m ON m.user_id = x.user_id
    AND m.begins < (d.day + 1) * 86400 AND m.ends >= (d.day + 1) * 86400;

CREATE TABLE truth_team_member AS
SELECT DISTINCT t.name AS team, m.user_id
FROM calcom_team_memberships m
JOIN calcom_teams t ON t.id = m.team_id
WHERE m.accepted IS TRUE;
