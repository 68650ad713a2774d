# The AWS command line: Comprehend's DetectSentiment, signed with the API key as the secret access key.
export AWS_ACCESS_KEY_ID=crypto-sentiment AWS_SECRET_ACCESS_KEY=$API_KEY AWS_CONFIG_FILE=/dev/null
exec aws comprehend detect-sentiment --endpoint-url "$URL" --region us-east-1 --language-code en \
    --text 'Crypto to the moon!' --query '[Sentiment, SentimentScore.Positive]' --output text
