"""procrastinate with 100 jobs at once. `fill N` makes N jobs wait; `work` works until it is killed."""

import asyncio
import os
import sys
from email.message import EmailMessage

import aiosmtplib
import procrastinate

app = procrastinate.App(
    connector=procrastinate.PsycopgConnector(conninfo=os.environ["DATABASE_URL"], min_size=4, max_size=16)
)
connections: asyncio.Queue = asyncio.Queue()
CONNECTIONS = 16


@app.task(queue="mail", name="mail")
async def mail(to: str, subject: str, body: str) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "care@example.com", to, subject
    message.set_content(body)
    client = await connections.get()
    try:
        await client.send_message(message)
    finally:
        connections.put_nowait(client)


async def fill(count: int) -> None:
    async with app.open_async():
        found = await app.connector.execute_query_one_async(
            "SELECT to_regclass('procrastinate_jobs') IS NOT NULL AS found"
        )
        if not found["found"]:
            await app.schema_manager.apply_schema_async()
        await app.connector.execute_query_async("TRUNCATE procrastinate_jobs CASCADE")
        for first in range(0, count, 10_000):
            await mail.batch_defer_async(
                *(
                    {"to": f"person{n}@example.com", "subject": "News of your order", "body": "Your parcel is on its way."}
                    for n in range(first, min(first + 10_000, count))
                )
            )


async def work() -> None:
    for _ in range(CONNECTIONS):
        client = aiosmtplib.SMTP(hostname="127.0.0.1", port=int(os.environ["SINK_PORT"]), start_tls=False)
        await client.connect()
        connections.put_nowait(client)
    async with app.open_async():
        await app.run_worker_async(queues=["mail"], concurrency=100, delete_jobs="never")


if sys.argv[1] == "fill":
    asyncio.run(fill(int(sys.argv[2])))
else:
    asyncio.run(work())
