"""The HTTP API as it runs: under uvicorn as `lambda_fn.api:app`, on Lambda as `lambda_fn.api.handler`.

The one HTTP file with side effects at import: it reads the environment and loads the model, so that Lambda does both
once per execution environment, in its INIT phase. What is served is in lambda_fn/http/app.py.
"""

from lambda_fn import cold_start  # before all others: it pauses the garbage collector

# isort: split
from mangum import Mangum

from lambda_fn.http import access_log, comprehend, ndjson, tracing
from lambda_fn.http.app import create_app
from lambda_fn.http.stage import Stage
from lambda_fn.model.classifier import SentimentClassifier
from lambda_fn.settings import SettingsError, get_settings

try:
    app = create_app(get_settings(), SentimentClassifier.load(), tracing.provider())
except (SettingsError, ValueError) as error:  # one line that names the variable, not the traceback of an import
    raise SystemExit(str(error)) from None

access_log.configure(get_settings())
access_log.note_host(get_settings())
handler = Mangum(
    Stage(app, get_settings().root_path),
    lifespan="off",
    text_mime_types=["text/", "application/json", ndjson.MEDIA_TYPE, comprehend.MEDIA_TYPE],
)

cold_start.over()
