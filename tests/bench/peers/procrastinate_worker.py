"""procrastinate with 100 jobs at once. `fill N` makes N jobs wait; `work` works until it is killed; `keep` has another
job wait for each that is done."""

import asyncio
import itertools
import os
import sys

import aiohttp
import procrastinate

app = procrastinate.App(
    connector=procrastinate.PsycopgConnector(conninfo=os.environ["DATABASE_URL"], min_size=4, max_size=16)
)
MODE = sys.argv[1]
CONNECTIONS = 16
sink: aiohttp.ClientSession
further = itertools.count(1_000_000_000)


def letter(number: int) -> dict[str, str]:
    return {
        "message_id": str(number),
        "sender": "care@example.com",
        "to": f"person{number}@example.com",
        "subject": "News of your order",
        "body": "Your parcel is on its way.",
    }


@app.task(queue="mail", name="mail")
async def mail(message_id: str, sender: str, to: str, subject: str, body: str) -> None:
    data = {"message_id": message_id, "from": sender, "to": to, "subject": subject, "body": body}
    async with sink.post(os.environ["SINK_URL"], json={"type": "mail.send", "data": data}) as answer:
        answer.raise_for_status()
    if MODE == "keep":
        await mail.defer_async(**letter(next(further)))


async def fill(count: int) -> None:
    async with app.open_async():
        found = await app.connector.execute_query_one_async(
            "SELECT to_regclass('procrastinate_jobs') IS NOT NULL AS found"
        )
        if not found["found"]:
            await app.schema_manager.apply_schema_async()
        await app.connector.execute_query_async("TRUNCATE procrastinate_jobs CASCADE")
        for first in range(0, count, 10_000):
            await mail.batch_defer_async(*(letter(n) for n in range(first, min(first + 10_000, count))))


async def work() -> None:
    global sink
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONNECTIONS)) as sink, app.open_async():
        await app.run_worker_async(queues=["mail"], concurrency=100, delete_jobs="never")


if MODE == "fill":
    asyncio.run(fill(int(sys.argv[2])))
else:
    asyncio.run(work())
