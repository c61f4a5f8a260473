// Hands a mail to the sink as the platform does: one POST over a few connections that stay open.
import { Pool } from "undici";

const sink = new URL(process.env.SINK_URL);
const pool = new Pool(sink.origin, { connections: 16 });

/** The mail of the job with this number. */
export const mail = (number) => ({
  message_id: String(number),
  from: "care@example.com",
  to: `person${number}@example.com`,
  subject: "News of your order",
  body: "Your parcel is on its way.",
});

export const post = async (data) => {
  const { statusCode, body } = await pool.request({
    path: sink.pathname,
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ type: "mail.send", timestamp: new Date().toISOString(), data }),
  });
  await body.dump();
  if (statusCode >= 300) throw new Error(`refused with ${statusCode}`);
};
