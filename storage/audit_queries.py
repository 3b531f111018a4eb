"""The questions of the automatic checks, one by one: a window of keys, and what is wrong within it.

A question gets ``:ids``, the keys of its window, and answers a row for each fault: ``place`` (the key),
``workflow_id``, ``unit``, ``district``, ``units`` (all whom it concerns), ``since`` and ``facts``, from which
``domain.audit_check`` makes a sentence. Lines of the log count while no reset has disowned them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from domain.audit_check import Check
from storage.people_store import STAND_IN


@dataclass(frozen=True, kw_only=True)
class Question:
    """``window`` answers keys as ``key`` from which ``faults`` are asked, ``size`` at a time."""

    window: str
    faults: str
    size: int = 1_000


def _board(*procedures: str, open_only: bool = False) -> str:
    """Procedures by id: all, or of some types, or those under way."""
    which = "true"
    if procedures:
        listed = ", ".join(f"'{name}'" for name in procedures)
        which = f"b.procedure IN ({listed})"
    under_way = "b.ended_at IS NULL" if open_only else "true"
    return f"""
        SELECT b.workflow_id AS key FROM board_row b
        WHERE b.rollout = :rollout AND {which} AND {under_way}
        AND (:district = '' OR b.district = :district)
    """  # noqa: S608 - put together from this module's own constants


_ACTED: Final = "l.superseded_by IS NULL AND l.kind = '办理' AND l.code = ''"
"""An action that was accepted, and is in force."""

_CASES: Final = _board("CaseHandover")
_SANDING: Final = _board("SandingDrafting")

_OVERDUE = """
    SELECT d.workflow_id AS place, d.workflow_id, d.unit, b.district, ARRAY[d.unit, b.unit] AS units,
        d.due_at AS since, jsonb_build_object('step', d.step, 'purpose', d.purpose,
            'due_date', d.due_date, 'rungs', r.rungs, 'told', r.told) AS facts
    FROM desk_item d JOIN board_row b USING (workflow_id)
    CROSS JOIN LATERAL (
        SELECT count(*) AS rungs,
            coalesce((array_agg(l.sentence ORDER BY l.seq DESC))[1], '') AS told
        FROM log_entry l WHERE l.workflow_id = d.workflow_id AND l.superseded_by IS NULL
        AND l.kind = '升级' AND l.step = d.step AND l.at >= d.opened_at) r
    WHERE d.workflow_id = ANY(CAST(:ids AS text[])) AND d.due_at <= :now AND b.ended_at IS NULL
"""

_SAME_REVIEWER = f"""
    SELECT l.workflow_id AS place, l.workflow_id, b.unit, b.district,
        ARRAY[b.unit, l.unit] AS units, l.at AS since, jsonb_build_object('person', l.person,
            'reviewer', l.unit, 'first', f.seq, 'second', l.seq) AS facts
    FROM log_entry l JOIN board_row b USING (workflow_id)
    CROSS JOIN LATERAL (
        SELECT f.person, f.seq FROM log_entry f
        WHERE f.workflow_id = l.workflow_id AND f.seq < l.seq AND f.step = '初审'
        AND f.verb = '通过' AND {_ACTED.replace("l.", "f.")}
        ORDER BY f.seq DESC LIMIT 1) f
    WHERE l.workflow_id = ANY(CAST(:ids AS text[])) AND {_ACTED}
    AND l.step = '复审' AND l.verb IN ('通过', '退回') AND l.person = f.person
"""  # noqa: S608

_REVIEWED = f"""
    acts AS MATERIALIZED (
        SELECT l.workflow_id, l.seq, l.at, l.step, l.verb FROM log_entry l
        WHERE l.workflow_id = ANY(CAST(:ids AS text[])) AND {_ACTED}
        AND (l.step, l.verb) IN (('起草', '提交'), ('初审', '通过'), ('复审', '通过'),
            ('报送', '提交'))),
    drafts AS (
        SELECT a.workflow_id, a.seq, a.at, a.step, a.verb, coalesce(max(a.seq)
            FILTER (WHERE a.step = '起草') OVER w, 0) AS draft FROM acts a
        WINDOW w AS (PARTITION BY a.workflow_id ORDER BY a.seq)),
    sent AS (
        SELECT d.workflow_id, d.seq, d.at, d.step,
            count(*) FILTER (WHERE d.step = '初审') OVER w AS first,
            count(*) FILTER (WHERE d.step = '复审') OVER w AS second
        FROM drafts d WINDOW w AS (PARTITION BY d.workflow_id, d.draft ORDER BY d.seq))
"""  # noqa: S608
"""Of each 报送 how often its draft had passed either review."""

_UNREVIEWED = f"""
    WITH {_REVIEWED}
    SELECT s.workflow_id AS place, s.workflow_id, b.unit, b.district, ARRAY[b.unit] AS units,
        s.at AS since, jsonb_build_object('seq', s.seq, 'first', s.first, 'second', s.second)
            AS facts
    FROM sent s JOIN board_row b USING (workflow_id)
    WHERE s.step = '报送' AND (s.first = 0 OR s.second = 0)
    UNION ALL
    SELECT b.workflow_id, b.workflow_id, b.unit, b.district, ARRAY[b.unit], b.ended_at,
        jsonb_build_object('seq', 0)
    FROM board_row b WHERE b.workflow_id = ANY(CAST(:ids AS text[])) AND b.status = '办结'
    AND NOT EXISTS (SELECT FROM acts a WHERE a.workflow_id = b.workflow_id
        AND a.step IN ('复审', '报送'))
"""  # noqa: S608

_PLATE = f"""
    SELECT l.workflow_id AS place, l.workflow_id, b.unit, b.district, ARRAY[b.unit] AS units,
        min(l.at) AS since, jsonb_build_object('seq', min(l.seq)) AS facts
    FROM log_entry l JOIN board_row b USING (workflow_id)
    WHERE l.workflow_id = ANY(CAST(:ids AS text[])) AND {_ACTED}
    AND l.step = '挂牌' AND l.verb = '提交'
    GROUP BY l.workflow_id, b.unit, b.district
    HAVING NOT bool_or(jsonb_path_exists(l.detail, '$.evidence[*] ? (@.name == "依据文号"
        && ((exists (@.doc_no) && @.doc_no != "") || (exists (@.sha256) && @.sha256 != "")))'))
"""  # noqa: S608

_UNREPLIED = f"""
    SELECT c.workflow_id AS place, c.workflow_id, c.street AS unit, c.district,
        ARRAY[c.street, c.sender, c.receiver] AS units, c.ended_at AS since,
        jsonb_build_object('kind', c.kind, 'number', c.number,
            'lacks', CASE c.kind WHEN '派单' THEN '回告' ELSE '给群众的回复' END) AS facts
    FROM case_row c
    WHERE c.workflow_id = ANY(CAST(:ids AS text[])) AND c.kind IN ('派单', '民呼我应')
    AND c.status = '办结' AND NOT EXISTS (
        SELECT FROM log_entry l WHERE l.workflow_id = c.workflow_id AND {_ACTED}
        AND (l.verb = '回告' AND (c.kind = '派单' OR l.step = '回复')
            OR l.step = '裁定' AND l.verb = '通过'))
"""  # noqa: S608

_LATE_CASES = """
    SELECT c.workflow_id AS place, c.workflow_id, c.street AS unit, c.district,
        ARRAY[c.street, c.sender, c.receiver] AS units, NULL::timestamptz AS since,
        jsonb_build_object('number', c.number, 'street', c.street, 'receiver', c.receiver,
            'clocks', c.clocks) AS facts
    FROM case_row c
    WHERE c.workflow_id = ANY(CAST(:ids AS text[])) AND (c.was_late OR c.late_from <= :now)
"""

_UNCITED = """
    SELECT c.workflow_id AS place, c.workflow_id, c.sender AS unit, c.district,
        ARRAY[c.street, c.sender] AS units, c.opened_at AS since,
        jsonb_build_object('number', c.number, 'sender', c.sender, 'street', c.street) AS facts
    FROM case_row c
    WHERE c.workflow_id = ANY(CAST(:ids AS text[])) AND c.kind = '派单' AND c.item = ''
    AND c.status <> '未受理'
"""

_DEADLINE = f"""
    SELECT l.workflow_id AS place, l.workflow_id, b.unit, b.district, ARRAY[b.unit] AS units,
        max(l.at) AS since, jsonb_build_object('how', '延期', 'step', l.step,
            'times', count(*), 'row_id', b.row_id, 'case_kind', coalesce(c.kind, ''),
            'original', min(l.detail #>> '{{move,original}}'),
            'after', max(l.detail #>> '{{move,after}}')) AS facts
    FROM log_entry l JOIN board_row b USING (workflow_id)
    LEFT JOIN case_row c USING (workflow_id)
    WHERE l.workflow_id = ANY(CAST(:ids AS text[])) AND {_ACTED} AND l.verb = '批准延期'
    GROUP BY l.workflow_id, b.unit, b.district, b.row_id, c.kind, l.step, l.detail ->> 'visit'
    UNION ALL
    SELECT l.workflow_id, l.workflow_id, b.unit, b.district, ARRAY[b.unit], l.at,
        jsonb_build_object('how', '修订', 'step', l.step, 'paper', l.detail #>> '{{move,paper}}',
            'before', l.detail #>> '{{move,before}}', 'after', l.detail #>> '{{move,after}}')
    FROM log_entry l JOIN board_row b USING (workflow_id)
    WHERE l.workflow_id = ANY(CAST(:ids AS text[])) AND l.superseded_by IS NULL
    AND l.kind = '改期' AND l.detail #>> '{{move,why}}' = '修订' AND NOT EXISTS (
        SELECT FROM plan_amendment a WHERE a.rollout = b.rollout
        AND a.paper = l.detail #>> '{{move,paper}}')
"""  # noqa: S608

_GHOSTS = """
    SELECT b.workflow_id AS place, b.workflow_id, b.unit, b.district, ARRAY[b.unit] AS units,
        b.ended_at AS since, jsonb_build_object('desk', count(*)) AS facts
    FROM board_row b JOIN desk_item d USING (workflow_id)
    WHERE b.workflow_id = ANY(CAST(:ids AS text[])) AND b.ended_at IS NOT NULL
    GROUP BY b.workflow_id
"""

# --- registers --------------------------------------------------------------------------------

_IN_DISTRICT = """
    (:district = '' OR EXISTS (SELECT FROM directory_unit u WHERE u.rollout = :rollout
        AND u.district = :district AND u.name = {name}))
"""

_ROSTERS = f"""
    SELECT r.number AS key FROM roster r
    WHERE r.rollout = :rollout AND r.status NOT IN ('已替换', '撤销')
    AND {_IN_DISTRICT.format(name="ANY(r.units)")}
"""  # noqa: S608
_ROSTER = """
    SELECT p.number AS place, coalesce(t.workflow_id, '') AS workflow_id, p.from_unit AS unit,
        coalesce(u.district, '') AS district, ARRAY[p.from_unit, p.to_unit] AS units, r.at AS since,
        jsonb_build_object('number', p.number, 'staff', p.staff, 'type', p.type,
            'from_unit', p.from_unit, 'baseline', s.baseline, 'locked_type', s.type) AS facts
    FROM roster r
    JOIN roster_person p ON (p.rollout, p.number, p.version) = (r.rollout, r.number, r.version)
    JOIN staff s ON (s.rollout, s.key) = (p.rollout, p.staff)
    LEFT JOIN directory_unit u ON (u.rollout, u.name) = (p.rollout, p.from_unit)
    LEFT JOIN transfer_batch t ON (t.rollout, t.number) = (r.rollout, r.number)
        AND t.stage <> '撤销'
    WHERE r.rollout = :rollout AND r.number = ANY(CAST(:ids AS text[]))
    AND r.status NOT IN ('已替换', '撤销') AND p.state <> '移出'
    AND (NOT s.baseline OR s.type <> p.type OR NOT EXISTS (
        SELECT FROM ledger_posting l JOIN ledger_transaction x ON x.id = l.transaction
        WHERE x.rollout = p.rollout AND l.staff = p.staff AND l.unit = p.from_unit
        AND l.state = '实有' AND l.amount > 0))
"""

_ATTEMPTS = f"""
    SELECT a.workflow_id || ' ' || a.action_id AS key FROM case_attempt a
    WHERE a.rollout = :rollout AND {_IN_DISTRICT.format(name="a.street")}
"""  # noqa: S608
_OFF_LIST = """
    SELECT a.workflow_id || ' ' || a.action_id AS place, a.workflow_id, a.sender AS unit,
        coalesce(u.district, '') AS district, ARRAY[a.sender, a.street] AS units, a.at AS since,
        jsonb_build_object('code', a.code, 'said', a.sentence, 'street', a.street,
            'number', a.number) AS facts
    FROM case_attempt a
    LEFT JOIN directory_unit u ON (u.rollout, u.name) = (a.rollout, a.sender)
    WHERE a.rollout = :rollout AND a.breach
    AND a.workflow_id || ' ' || a.action_id = ANY(CAST(:ids AS text[]))
"""

_LISTS = """
    SELECT l.name AS key FROM duty_list l WHERE l.rollout = :rollout AND l.status = '有效'
    AND (:district = '' OR l.district = :district)
"""
_UNCLAIMED = """
    WITH there AS MATERIALIZED (
        SELECT a.unit, array_agg(DISTINCT a.person) AS persons FROM appointment a
        WHERE a.rollout = :rollout AND a.role = ANY(CAST(:acting AS text[]))
        AND a.valid_from <= :now AND (a.valid_to IS NULL OR a.valid_to > :now) GROUP BY a.unit),
    held AS MATERIALIZED (
        SELECT c.list, c.number, c.street FROM duty_claim c JOIN there t ON t.unit = c.street
        WHERE c.rollout = :rollout AND c.list = ANY(CAST(:ids AS text[])) AND c.ended_at IS NULL
        AND c.liaisons && t.persons)
    SELECT l.name AS place, l.workflow_id, u.name AS unit, u.district, ARRAY[u.name] AS units,
        l.effective_from AS since, jsonb_build_object('list', l.name, 'version', l.version,
            'total', count(*), 'missing', count(*) FILTER (WHERE h.street IS NULL),
            'items', (array_agg('第' || i.number || '项“' || i.name || '”' ORDER BY i.position)
                FILTER (WHERE h.street IS NULL))[1:3]) AS facts
    FROM duty_list l
    JOIN directory_unit u ON u.rollout = l.rollout AND u.district = l.district
        AND u.kind IN ('街道', '镇') AND l.street IN ('', u.name)
    JOIN duty_item i ON (i.rollout, i.list, i.version) = (l.rollout, l.name, l.version)
    LEFT JOIN held h ON (h.list, h.number, h.street) = (l.name, i.number, u.name)
    WHERE l.rollout = :rollout AND l.name = ANY(CAST(:ids AS text[])) AND l.status = '有效'
    GROUP BY l.rollout, l.name, l.version, u.rollout, u.name
    HAVING bool_or(h.street IS NULL)
"""
_UNFILED = """
    SELECT l.name AS place, l.workflow_id,
        coalesce(b.unit, nullif(l.street, ''), l.district) AS unit, l.district,
        ARRAY[coalesce(b.unit, l.district), l.street] AS units, l.effective_from AS since,
        jsonb_build_object('list', l.name, 'version', l.version, 'paper', l.paper,
            'from', l.effective_from) AS facts
    FROM duty_list l LEFT JOIN board_row b ON b.workflow_id = l.workflow_id
    WHERE l.rollout = :rollout AND l.name = ANY(CAST(:ids AS text[])) AND l.status = '有效'
    AND l.kind = '属地管理' AND l.filing_no = '' AND l.effective_from <= :now
    AND NOT EXISTS (SELECT FROM desk_item d WHERE d.workflow_id = l.workflow_id
        AND d.step = '备案' AND d.due_at > :now)
"""

_ABSENCES = f"""
    SELECT to_char(a.id, 'FM000000000000') AS key FROM absence a
    WHERE a.rollout = :rollout AND :today BETWEEN a.from_day AND a.to_day
    AND (a.ended_at IS NULL OR a.ended_at > :now)
    AND (:district = '' OR EXISTS (SELECT FROM appointment p
        WHERE p.rollout = a.rollout AND p.person = a.person
        AND {_IN_DISTRICT.format(name="p.unit")}))
"""  # noqa: S608
_ABSENT = f"""
    WITH RECURSIVE {STAND_IN},
    posts AS (
        SELECT p.person, array_agg(DISTINCT p.unit) AS units FROM appointment p
        WHERE p.rollout = :rollout AND p.role = ANY(CAST(:acting AS text[]))
        AND p.valid_from <= :now AND (p.valid_to IS NULL OR p.valid_to > :now) GROUP BY p.person)
    SELECT to_char(a.id, 'FM000000000000') AS place, '' AS workflow_id, p.units[1] AS unit,
        coalesce(u.district, '') AS district, p.units,
        a.from_day::timestamp AT TIME ZONE 'Asia/Shanghai' AS since,
        jsonb_build_object('person', a.person, 'by_person', a.by_person, 'from_day', a.from_day,
            'to_day', a.to_day, 'substitute', coalesce(s.substitute, '')) AS facts
    FROM absence a JOIN posts p ON p.person = a.person
    LEFT JOIN stand_in s ON (s.rollout, s.absent) = (a.rollout, a.person)
    LEFT JOIN directory_unit u ON (u.rollout, u.name) = (a.rollout, p.units[1])
    WHERE to_char(a.id, 'FM000000000000') = ANY(CAST(:ids AS text[])) AND a.rollout = :rollout
    AND NOT EXISTS (SELECT FROM appointment h WHERE h.rollout = a.rollout
        AND h.person = s.substitute AND h.valid_from <= :now
        AND (h.valid_to IS NULL OR h.valid_to > :now))
"""  # noqa: S608

_AWAY = f"""
    SELECT s.staff || ' ' || s.since AS key FROM secondment s
    WHERE s.rollout = :rollout AND s.returned_on IS NULL
    AND {_IN_DISTRICT.format(name="s.street")}
"""  # noqa: S608
_SECONDED = """
    SELECT s.staff || ' ' || s.since AS place, '' AS workflow_id, s.organ AS unit,
        coalesce(u.district, '') AS district, ARRAY[s.organ, s.street] AS units,
        (s.due_back + 1)::timestamp AT TIME ZONE 'Asia/Shanghai' AS since,
        jsonb_build_object('staff', s.staff, 'street', s.street, 'organ', s.organ,
            'due_back', s.due_back) AS facts
    FROM secondment s LEFT JOIN directory_unit u ON (u.rollout, u.name) = (s.rollout, s.street)
    WHERE s.rollout = :rollout AND s.staff || ' ' || s.since = ANY(CAST(:ids AS text[]))
    AND s.returned_on IS NULL AND s.due_back < :today
"""

QUESTIONS: Final[Mapping[Check, Question]] = {
    Check.OVERDUE: Question(window=_board(open_only=True), faults=_OVERDUE),
    Check.SAME_REVIEWER: Question(window=_SANDING, faults=_SAME_REVIEWER),
    Check.UNREVIEWED: Question(window=_SANDING, faults=_UNREVIEWED),
    Check.PLATE: Question(window=_board("NameplateHanging"), faults=_PLATE),
    Check.ROSTER: Question(window=_ROSTERS, faults=_ROSTER, size=50),
    Check.UNREPLIED: Question(window=_CASES, faults=_UNREPLIED),
    Check.REPORT_LATE: Question(window=_CASES, faults=_LATE_CASES),
    Check.HANDOVER_LATE: Question(window=_CASES, faults=_LATE_CASES),
    Check.OFF_LIST: Question(window=_ATTEMPTS, faults=_OFF_LIST),
    Check.UNCITED: Question(window=_CASES, faults=_UNCITED),
    Check.UNCLAIMED: Question(window=_LISTS, faults=_UNCLAIMED, size=20),
    Check.UNFILED: Question(window=_LISTS, faults=_UNFILED),
    Check.DEADLINE: Question(window=_board(), faults=_DEADLINE),
    Check.ABSENT: Question(window=_ABSENCES, faults=_ABSENT),
    Check.SECONDED: Question(window=_AWAY, faults=_SECONDED),
    Check.VIEW: Question(window=_board(), faults=_GHOSTS),
}
"""台账 and 下放 have questions of their own elsewhere."""
