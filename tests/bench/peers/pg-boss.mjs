// pg-boss with large batches, continuous fetching, and notifications of new jobs. `fill N` makes N jobs wait; `work`
// works until it is killed; `keep` has another job wait for each that is done.
import { PgBoss } from "pg-boss";
import { mail, post } from "./post.mjs";

const [mode, count] = process.argv.slice(2);
const boss = new PgBoss({ connectionString: process.env.DATABASE_URL, max: 16, useListenNotify: true });
boss.on("error", (error) => console.error(error));
await boss.start();
await boss.createQueue("mail", { notify: true });

if (mode === "fill") {
  await boss.deleteAllJobs("mail");
  const part = 10_000;
  for (let first = 0; first < Number(count); first += part) {
    const size = Math.min(part, Number(count) - first);
    await boss.insert("mail", Array.from({ length: size }, (_, place) => ({ data: mail(first + place) })));
  }
  await boss.stop({ graceful: false });
  process.exit(0);
}
let next = 1_000_000_000;
const postAndKeep = async (data) => {
  await post(data);
  await boss.send("mail", mail(next++));
};
const handle = mode === "keep" ? postAndKeep : post;
await boss.work(
  "mail",
  { batchSize: 500, localConcurrency: 2, pollingIntervalSeconds: 0.5, burstWhenBatchFull: true },
  (jobs) => Promise.all(jobs.map((job) => handle(job.data))),
);
