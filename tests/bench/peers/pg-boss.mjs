// pg-boss with large batches and continuous fetching. `fill N` makes N jobs wait; `work` works until killed.
import { PgBoss } from "pg-boss";
import { send } from "./mail.mjs";

const [mode, count] = process.argv.slice(2);
const boss = new PgBoss({ connectionString: process.env.DATABASE_URL, max: 16 });
boss.on("error", (error) => console.error(error));
await boss.start();
await boss.createQueue("mail");

if (mode === "fill") {
  await boss.deleteAllJobs("mail");
  const part = 10_000;
  for (let first = 0; first < Number(count); first += part) {
    const jobs = Array.from({ length: Math.min(part, Number(count) - first) }, (_, place) => ({
      data: {
        to: `person${first + place}@example.com`,
        subject: "News of your order",
        body: "Your parcel is on its way.",
      },
    }));
    await boss.insert("mail", jobs);
  }
  await boss.stop({ graceful: false });
  process.exit(0);
}
await boss.work(
  "mail",
  { batchSize: 500, localConcurrency: 2, pollingIntervalSeconds: 0.5, burstWhenBatchFull: true },
  (jobs) => Promise.all(jobs.map((job) => send(job.data))),
);
