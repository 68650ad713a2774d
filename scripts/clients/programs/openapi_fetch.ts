// openapi-fetch over the types that openapi-typescript makes of docs/openapi.json; compiled with --strict.
import createClient from "openapi-fetch";
import type { paths } from "./openapi.js";

const client = createClient<paths>({ baseUrl: process.env.URL, headers: { "x-api-key": process.env.API_KEY } });
const one = await client.POST("/analyze", { body: { text: "Crypto to the moon!" }, params: { query: { classes: 3 } } });
const batch = await client.POST("/batch_analyze", { body: ["total scam", { text: "" }], params: { query: { errors: "item" } } });
if (one.error || batch.error || typeof batch.data === "string") throw new Error("refused, or NDJSON");
const [first, second] = batch.data.sentiment;
console.log(one.data.sentiment.label, "label" in first && first.label, "error" in second && second.error.code);
