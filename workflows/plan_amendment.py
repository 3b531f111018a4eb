"""Carrying out an amendment that has been stored: the rollout hears of it, and passes it down.

One per version; the id refuses a second. Each level asks the registers for its own share and tells
those below that it concerns (``workflows.level``), so that nothing here grows with the rollout.
"""

from __future__ import annotations

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from contracts.amendment import AmendmentRequest, AmendmentResult
    from contracts.names import rollout_id
    from contracts.reform import Fanout, Tell
    from workflows import policies


@workflow.defn(name="PlanAmendment")
class PlanAmendment:
    """The record of one amendment in the Web UI, and the certainty that it is told."""

    @workflow.run
    async def run(self, request: AmendmentRequest) -> AmendmentResult:
        """Tell the rollout, and say what the amendment means."""
        note = request.note
        counts = "，".join(f"{fate}{number}个" for fate, number in request.counts.items())
        head = f"**方案第{note.plan.version}版（{note.paper}）**：{counts or '没有事项受影响'}"
        workflow.set_current_details(f"{head}\n\n正在告知")
        told = await workflow.execute_activity_method(
            Fanout.tell,
            Tell(workflow_ids=(rollout_id(note.plan.rollout),), amended=note),
            summary="告知改革：方案已修订",
            **policies.FAN_OUT,
        )
        ending = "已告知，由各级逐级办理" if told.reached else "改革已经结束，修订没有生效"
        workflow.set_current_details(f"{head}\n\n{ending}")
        return AmendmentResult(version=note.plan.version, reached=bool(told.reached))
