"""What happens beside the iterations."""

from srcore import SrcoreError
from srcore.engine.events import TrainingEvents
from srplug_tracker.database import change


class Tracker:
    """Sends logged rows and validations; the number of the run survives a resume."""

    def __init__(self, file):
        self.file, self.number, self.iteration = file, 0, 0

    def attach(self, run, parts, trainer, evaluator):
        if not run.is_main:
            return
        if not self.number:
            self.number = change(self.file, "INSERT INTO runs VALUES (NULL, ?)", [str(run.folder)])
        # Sent by a run that was killed after its last checkpoint: it comes again.
        later = "DELETE FROM rows WHERE run = ? AND iteration > ?"
        change(self.file, later, [self.number, self.iteration])
        trainer.add_event_handler(TrainingEvents.VALUES_LOGGED, self.send, trainer)
        trainer.add_event_handler(TrainingEvents.VALIDATION_COMPLETED, self.send, evaluator)

    def send(self, trainer, engine):
        self.iteration = trainer.state.iteration
        rows = [(self.number, self.iteration, *pair) for pair in engine.state.metrics.items()]
        change(self.file, "INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?)", *rows)

    def state_dict(self):
        return {"number": self.number, "iteration": self.iteration}

    def load_state_dict(self, state):
        self.number, self.iteration = state["number"], state["iteration"]


class Plateau:
    """Ends a training whose loss no longer falls."""

    def __init__(self, loss, rows, gain):
        self.loss, self.rows, self.gain, self.values = loss, rows, gain, []

    def attach(self, run, parts, trainer, evaluator):
        self.judge(run)  # what has ended a training ends it again when it is resumed
        trainer.add_event_handler(TrainingEvents.VALUES_LOGGED, self.note, run)

    def note(self, trainer, run):
        values = trainer.state.metrics
        name = self.loss or next(iter(values))
        if name not in values:
            raise SrcoreError(f'plateau: expected one of {", ".join(values)}; found "{name}"')
        self.values = [*self.values, float(values[name])][-2 * self.rows :]
        self.judge(run)

    def judge(self, run):
        before, now = sum(self.values[: self.rows]), sum(self.values[self.rows :])
        if len(self.values) == 2 * self.rows and now > (1 - self.gain) * before:
            run.request_stop(f"{self.loss or 'the loss'} was flat for {self.rows} rows of the log")

    def state_dict(self):
        return {"values": self.values}

    def load_state_dict(self, state):
        self.values = state["values"]
