// graphile-worker, tuned as https://worker.graphile.org/docs/performance says: a local queue, 100 jobs at once,
// completions written in batches. `fill N` makes N jobs wait; `work` works until it is killed; `keep` has another job
// wait for each that is done.
import { makeWorkerUtils, run } from "graphile-worker";
import { mail, post } from "./post.mjs";

const connectionString = process.env.DATABASE_URL;
const [mode, count] = process.argv.slice(2);

if (mode === "fill") {
  const utils = await makeWorkerUtils({ connectionString });
  await utils.migrate();
  await utils.withPgClient(async (client) => {
    await client.query("DELETE FROM graphile_worker._private_jobs");
    // Many at a time: each call looks through the jobs there are for those of the same keys.
    for (let first = 1; first <= Number(count); first += 1000) {
      await client.query(
        `SELECT count(*) FROM graphile_worker.add_jobs(ARRAY(
           SELECT ('mail', json_build_object('message_id', n::text, 'from', 'care@example.com',
                  'to', 'person' || n || '@example.com', 'subject', 'News of your order',
                  'body', 'Your parcel is on its way.'),
                  NULL, NULL, NULL, NULL, NULL, NULL)::graphile_worker.job_spec
           FROM generate_series($1::int, $2::int) AS n))`,
        [first, Math.min(first + 999, Number(count))],
      );
    }
  });
  await utils.release();
} else {
  let next = 1_000_000_000;
  const postAndKeep = async (job, { addJob }) => {
    await post(job);
    await addJob("mail", mail(next++));
  };
  await run({
    preset: {
      worker: {
        connectionString,
        concurrentJobs: 100,
        maxPoolSize: 16,
        localQueue: { size: 500 },
        completeJobBatchDelay: 0,
        failJobBatchDelay: 0,
      },
    },
    logger: undefined,
    taskList: { mail: mode === "keep" ? postAndKeep : post },
  });
}
