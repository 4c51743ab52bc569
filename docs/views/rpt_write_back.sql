-- What did the write-backs of March 2027 change, and what was refused or failed?
SELECT organization_id, namespace, plan_kind, plan_status, refused_by, action, why, status, code, count(*) AS actions
FROM rpt_write_back
WHERE created_at >= '2027-03-01' AND created_at < '2027-04-01'
GROUP BY organization_id, namespace, plan_kind, plan_status, refused_by, action, why, status, code
ORDER BY organization_id, namespace, plan_kind, plan_status
