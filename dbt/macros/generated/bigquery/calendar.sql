{# made by tools/make_dbt_package.py, do not edit #}
{% macro bigquery__calendar() %}
SELECT week.date AS date,
CAST(EXTRACT(year FROM week.thursday) AS INT64) AS iso_year,
CAST(CAST(floor(CAST(DATE_DIFF(week.thursday, CAST(CAST(CAST(EXTRACT(year FROM week.thursday) AS INT64) AS STRING) || '-01-01' AS DATE), DAY) AS FLOAT64) / CAST(7.0 AS NUMERIC)) AS INT64) + 1 AS INT64) AS iso_week,
week.week_start AS week_start,
CAST(week.place + 1 AS INT64) AS weekday,
CASE WHEN (week.place = 0) THEN 'Monday' WHEN (week.place = 1) THEN 'Tuesday' WHEN (week.place = 2) THEN 'Wednesday' WHEN (week.place = 3) THEN 'Thursday' WHEN (week.place = 4) THEN 'Friday' WHEN (week.place = 5) THEN 'Saturday' WHEN (week.place = 6) THEN 'Sunday' END AS weekday_name,
DATE_ADD(CAST((week.date) AS DATE), INTERVAL CAST(((1 - CAST(EXTRACT(day FROM week.date) AS INT64))) AS INT64) DAY) AS month_start
FROM (
    SELECT placed.date AS date,
    placed.place AS place,
    DATE_ADD(CAST((placed.date) AS DATE), INTERVAL CAST(((-placed.place)) AS INT64) DAY) AS week_start,
    DATE_ADD(CAST((DATE_ADD(CAST((placed.date) AS DATE), INTERVAL CAST(((-placed.place)) AS INT64) DAY)) AS DATE), INTERVAL CAST((3) AS INT64) DAY) AS thursday
    FROM (
        SELECT day.date AS date,
        DATE_DIFF(day.date, CAST('1970-01-05' AS DATE), DAY) - CAST(floor(CAST(DATE_DIFF(day.date, CAST('1970-01-05' AS DATE), DAY) AS FLOAT64) / CAST(7.0 AS NUMERIC)) AS INT64) * 7 AS place
        FROM (
            SELECT DATE_ADD(CAST(({{ calcom.calendar_day('first') }}) AS DATE), INTERVAL CAST((number.n) AS INT64) DAY) AS date
            FROM (
                SELECT 0 + digit_0.n * 1 + digit_1.n * 10 + digit_2.n * 100 + digit_3.n * 1000 AS n
                FROM (
                    SELECT 0 AS n
                    UNION ALL
                    SELECT 1 AS n
                    UNION ALL
                    SELECT 2 AS n
                    UNION ALL
                    SELECT 3 AS n
                    UNION ALL
                    SELECT 4 AS n
                    UNION ALL
                    SELECT 5 AS n
                    UNION ALL
                    SELECT 6 AS n
                    UNION ALL
                    SELECT 7 AS n
                    UNION ALL
                    SELECT 8 AS n
                    UNION ALL
                    SELECT 9 AS n
                ) AS digit_0
                JOIN (
                    SELECT 0 AS n
                    UNION ALL
                    SELECT 1 AS n
                    UNION ALL
                    SELECT 2 AS n
                    UNION ALL
                    SELECT 3 AS n
                    UNION ALL
                    SELECT 4 AS n
                    UNION ALL
                    SELECT 5 AS n
                    UNION ALL
                    SELECT 6 AS n
                    UNION ALL
                    SELECT 7 AS n
                    UNION ALL
                    SELECT 8 AS n
                    UNION ALL
                    SELECT 9 AS n
                ) AS digit_1 ON true
                JOIN (
                    SELECT 0 AS n
                    UNION ALL
                    SELECT 1 AS n
                    UNION ALL
                    SELECT 2 AS n
                    UNION ALL
                    SELECT 3 AS n
                    UNION ALL
                    SELECT 4 AS n
                    UNION ALL
                    SELECT 5 AS n
                    UNION ALL
                    SELECT 6 AS n
                    UNION ALL
                    SELECT 7 AS n
                    UNION ALL
                    SELECT 8 AS n
                    UNION ALL
                    SELECT 9 AS n
                ) AS digit_2 ON true
                JOIN (
                    SELECT 0 AS n
                    UNION ALL
                    SELECT 1 AS n
                    UNION ALL
                    SELECT 2 AS n
                    UNION ALL
                    SELECT 3 AS n
                    UNION ALL
                    SELECT 4 AS n
                    UNION ALL
                    SELECT 5 AS n
                    UNION ALL
                    SELECT 6 AS n
                    UNION ALL
                    SELECT 7 AS n
                    UNION ALL
                    SELECT 8 AS n
                    UNION ALL
                    SELECT 9 AS n
                ) AS digit_3 ON true
            ) AS number
            WHERE number.n <= DATE_DIFF({{ calcom.calendar_day('last') }}, {{ calcom.calendar_day('first') }}, DAY)
        ) AS day
    ) AS placed
) AS week
{% endmacro %}
