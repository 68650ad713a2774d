# curl: one comment.
exec curl --silent --fail-with-body "$URL/analyze" -H 'content-type: application/json' -H "x-api-key: $API_KEY" \
    --data '{"text": "Crypto to the moon!"}'
