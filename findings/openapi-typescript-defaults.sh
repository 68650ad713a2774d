#!/usr/bin/env bash
# TypeScript types generated from a request whose field has a default (so a caller may leave it out).
#
# Guess: a field with a default is optional in the type: lang?: string
# Seen: it is required, in requests as in answers, so that a call that leaves it out does not compile;
#   --default-non-nullable=false makes it optional
# With: openapi-typescript 7.13.0
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --ignore-scripts openapi-typescript@7.13.0 typescript@5.9.3 >/dev/null
cat > openapi.json <<'JSON'
{"openapi": "3.1.0", "info": {"title": "sentiment", "version": "1"}, "paths": {}, "components": {"schemas": {"Comment":
 {"type": "object", "required": ["text"],
  "properties": {"text": {"type": "string"}, "lang": {"type": "string", "default": "en"}}}}}}
JSON
echo "openapi-typescript 7.13.0"
npx openapi-typescript openapi.json -o types.ts >/dev/null 2>&1
grep -E 'lang\??: string' types.ts
grep -q 'lang: string' types.ts || { echo "a field with a default is optional now" >&2; exit 1; }
npx openapi-typescript openapi.json --default-non-nullable=false -o types.ts >/dev/null 2>&1
echo "with --default-non-nullable=false:"
grep -E 'lang\?: string' types.ts
