"""Jobs that a worker is sent: a trial, a pretraining, or the evaluation of a finished network."""

from trainables.training.jobs.final_test import FinalTestJob
from trainables.training.jobs.job import Job, Result, Worker, found_here_too, run_here
from trainables.training.jobs.pretraining import PretrainingJob
from trainables.training.jobs.runner import Failed, JobRunner
from trainables.training.jobs.trial import TrialJob

__all__ = [
    "Failed",
    "FinalTestJob",
    "Job",
    "JobRunner",
    "PretrainingJob",
    "Result",
    "TrialJob",
    "Worker",
    "found_here_too",
    "run_here",
]
