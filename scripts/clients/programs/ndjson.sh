# curl: two lines of NDJSON, compressed, one of them bad; the results come a line each.
printf '{"id": 1, "text": "Crypto to the moon!"}\n{"id": 2}\n' | gzip | curl --silent --fail-with-body \
    "$URL/batch_analyze" -H 'content-type: application/x-ndjson' -H 'content-encoding: gzip' -H "x-api-key: $API_KEY" \
    --data-binary @- | paste -s -d' '
