"""Take the picture of the page that README shows: docs/page.png, from a running service.

make run &
python -m scripts.screenshot
"""

import json
import os
import random
import shutil
import tempfile
from pathlib import Path
from typing import Annotated

import typer

ROOT = Path(__file__).resolve().parent.parent
DAY_S = 86_400
TYPED = (
    "Just bought more BTC at this dip, best decision of my life. Holding for ten years.",
    "Worst exchange ever, they froze my account and support ignores me for three weeks.",
)


def main(
    url: Annotated[str, typer.Option(help="The running service.")] = "http://127.0.0.1:8000",
    output: Annotated[Path, typer.Option(help="The picture.")] = ROOT / "docs" / "page.png",
    dark: Annotated[bool, typer.Option(help="In dark colours.")] = False,
    width: Annotated[int, typer.Option(min=320, help="Pixels; under 640 it is a phone.")] = 960,
) -> None:
    """Type two comments, score a file of made-up ones, and take the picture. Exit codes: 0 done, 1 no browser."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if not chromium:
        typer.echo("no Chromium on this machine (Debian: apt-get install chromium)", err=True)
        raise typer.Exit(1)
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = Path(folder) / "comments.jsonl"
        file.write_text("".join(json.dumps(comment) + "\n" for comment in made_up_comments(600)))
        browser = playwright.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
            env={**os.environ, "HOME": folder},  # Chromium keeps crash reports and settings there
        )
        page = browser.new_page(
            viewport={"width": width, "height": 800}, color_scheme="dark" if dark else "light", device_scale_factor=1
        )
        page.set_default_timeout(300_000)
        page.goto(url)
        page.locator("#classes").check()
        page.locator("#text").fill("\n\n".join(TYPED))
        page.locator("#analyze").click()
        page.locator("#results .words").nth(len(TYPED) - 1).wait_for()
        page.locator("#file").set_input_files(file)
        page.locator("#downloads").wait_for()
        page.screenshot(path=output, full_page=True)
        browser.close()
    typer.echo(f"wrote {output} ({output.stat().st_size // 1000} KB)")


def made_up_comments(count: int) -> list[dict]:
    """Three weeks of comments by this project, the mood of which rises."""
    from tests.comments import NEGATIVE, NEUTRAL, POSITIVE

    chance = random.Random(1)
    comments = []
    for index in range(count):
        part = index / count
        mood = POSITIVE if chance.random() < 0.35 + 0.4 * part else NEGATIVE
        comments.append(
            {
                "text": chance.choice(mood if chance.random() < 0.8 else NEUTRAL),
                "created_utc": int(1_651_363_200 + 21 * DAY_S * part),
                "subreddit": chance.choice(["CryptoCurrency", "CryptoCurrency", "Bitcoin", "ethereum", "dogecoin"]),
            }
        )
    return comments


if __name__ == "__main__":
    typer.run(main)
