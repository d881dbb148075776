"""The filter language of lists: text → tree (`parse`), tree → SQL (`sql`), order and cursors (`sort`).

How a list uses it (`fields` says what each list can be filtered and sorted by):

    order = parse_sort(sort, RUNS)                                  FilterInvalid, with the position
    found = compile_runs_filter(filter_)                            the same
    where = found.where
    if probe := found.rarest_metadata:                              one statement: how rare the indexed conditions are
        counts = await db.fetchval(probe.sql, project_id, *probe.arguments)
        where = probe.choose(counts)                                index first if one is rare, else newest first
    statement = order.compile_list(COLUMNS, JOINS, where=where, arguments=found.arguments, cursor=cursor, limit=limit + 1)
    rows = await db.fetch(statement.sql, project_id, *statement.arguments)
    rows, following = order.cut(rows, limit=limit)                  the page, and the cursor of the next one

`COLUMNS` and `JOINS` are fixed SQL over the alias of the list's table (`r` for runs). `$1` is the project everywhere;
`first=` moves the filter's arguments where the query has some of its own. With a limit, the same `where` counts what was
found: `select count(*) from (select from run r where r.project_id = $1 and ({where}) limit 5001) found`.
"""
