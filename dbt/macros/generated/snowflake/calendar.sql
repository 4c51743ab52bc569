{# made by tools/make_dbt_package.py, do not edit #}
{% macro snowflake__calendar() %}
SELECT week.date AS date,
CAST(EXTRACT(year FROM week.thursday) AS BIGINT) AS iso_year,
CAST(CAST(floor(CAST(DATEDIFF(day, CAST(CAST(CAST(EXTRACT(year FROM week.thursday) AS BIGINT) AS VARCHAR) || '-01-01' AS DATE), week.thursday) AS DOUBLE) / CAST(7.0 AS NUMERIC)) AS BIGINT) + 1 AS BIGINT) AS iso_week,
week.week_start AS week_start,
CAST(week.place + 1 AS BIGINT) AS weekday,
CASE WHEN (week.place = 0) THEN 'Monday' WHEN (week.place = 1) THEN 'Tuesday' WHEN (week.place = 2) THEN 'Wednesday' WHEN (week.place = 3) THEN 'Thursday' WHEN (week.place = 4) THEN 'Friday' WHEN (week.place = 5) THEN 'Saturday' WHEN (week.place = 6) THEN 'Sunday' END AS weekday_name,
DATEADD(day, (1 - CAST(EXTRACT(day FROM week.date) AS BIGINT)), CAST((week.date) AS DATE)) AS month_start
FROM (
    SELECT placed.date AS date,
    placed.place AS place,
    DATEADD(day, (-placed.place), CAST((placed.date) AS DATE)) AS week_start,
    DATEADD(day, 3, CAST((DATEADD(day, (-placed.place), CAST((placed.date) AS DATE))) AS DATE)) AS thursday
    FROM (
        SELECT day.date AS date,
        DATEDIFF(day, CAST('1970-01-05' AS DATE), day.date) - CAST(floor(CAST(DATEDIFF(day, CAST('1970-01-05' AS DATE), day.date) AS DOUBLE) / CAST(7.0 AS NUMERIC)) AS BIGINT) * 7 AS place
        FROM (
            SELECT DATEADD(day, number.n, CAST(({{ calcom.calendar_day('first') }}) AS DATE)) AS date
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
            WHERE number.n <= DATEDIFF(day, {{ calcom.calendar_day('first') }}, {{ calcom.calendar_day('last') }})
        ) AS day
    ) AS placed
) AS week
{% endmacro %}
