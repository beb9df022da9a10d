"""celery with SQS as its broker. Run it as a worker by `celery -A celery_user worker`; as a program it sends work."""

import os
import sys
from pathlib import Path

from celery import Celery

app = Celery("celery_user", broker="sqs://")
app.conf.task_default_queue = os.environ["CELERY_QUEUE"]
app.conf.broker_transport_options = {"region": "us-east-1", "polling_interval": 0.2, "wait_time_seconds": 1}
app.conf.worker_enable_remote_control = False


@app.task
def add_line(path: str, line: str) -> None:
    with Path(path).open("a") as file:
        file.write(line + "\n")


if __name__ == "__main__":
    for number in range(3):
        add_line.delay(sys.argv[1], f"task {number}")
