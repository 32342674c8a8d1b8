"""A bad record never stops the good ones, and is found with few attempts.

Work on thousands of records is done on all of them together. When one is poisoned the
halves are tried alone, then their halves, down to the record to blame: k bad ones of n
cost about k * log2(n) attempts more, not n.
"""

import psycopg2

# errors that the whole transaction must see: another attempt is the only cure
RETRY_ERRORS = (
    psycopg2.errors.SerializationFailure,
    psycopg2.errors.DeadlockDetected,
    psycopg2.OperationalError,
    psycopg2.InterfaceError,
)


def apart(records, work, blame):
    """``work`` on ``records`` together; on failure on each half, down to one record.

    What a failed attempt wrote is undone (savepoint), what it left in the cache is
    forgotten. Constraints of the database speak inside the attempt.

    :param records: any recordset; nothing is called for an empty one
    :param work: function (recordset) -> answer
    :param blame: function (record, exception) -> answer, called after the undoing
    :return: list of the answers, in the order of the records
    :raise: what the database says about the whole transaction (``RETRY_ERRORS``)
    """
    if not records:
        return []
    env = records.env
    try:
        with env.cr.savepoint():
            answer = work(records)
            env.flush_all()
            return [answer]
    except RETRY_ERRORS:
        raise
    except Exception as error:  # noqa: BLE001 any bug of one record is that one's
        env.invalidate_all(flush=False)
        if len(records) == 1:
            return [blame(records, error)]
    middle = len(records) // 2
    return [
        *apart(records[:middle], work, blame),
        *apart(records[middle:], work, blame),
    ]
