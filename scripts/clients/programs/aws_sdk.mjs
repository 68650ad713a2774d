// The AWS SDK for JavaScript: DetectSentiment, and an error as the class that the SDK has for it.
import { ComprehendClient, DetectSentimentCommand, UnsupportedLanguageException } from "@aws-sdk/client-comprehend";

const client = new ComprehendClient({
  endpoint: process.env.URL,
  region: "us-east-1",
  credentials: { accessKeyId: "crypto-sentiment", secretAccessKey: process.env.API_KEY },
});
const found = await client.send(new DetectSentimentCommand({ Text: "Crypto to the moon!", LanguageCode: "en" }));
const refused = await client
  .send(new DetectSentimentCommand({ Text: "hola", LanguageCode: "es" }))
  .catch((error) => (error instanceof UnsupportedLanguageException ? error.name : error));
console.log(found.Sentiment, found.SentimentScore.Positive, refused);
