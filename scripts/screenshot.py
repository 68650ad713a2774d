"""Take the picture of the page that README shows, docs/page.png, from a service that knows the mood of May 2022.

MOOD_SOURCE=docs/mood/may-2022.rollup.jsonl.gz make run &
python -m scripts.screenshot
"""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Annotated

import typer

ROOT = Path(__file__).resolve().parent.parent
COINS = ("BTC", "ETH", "LUNA", "UST")
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
    """Pick the coins of May 2022, type two comments, and take the picture. Exit codes: 0 done, 1 no browser."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if not chromium:
        typer.echo("no Chromium on this machine (Debian: apt-get install chromium)", err=True)
        raise typer.Exit(1)
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
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
        answered = page.locator("#mood-body[aria-busy=false]")
        answered.wait_for()
        unwanted = {box.get_attribute("data-choice") for box in page.locator("#coins input:checked").all()}
        for choice in [*sorted(unwanted - {f"coins:{coin}" for coin in COINS}), *(f"coins:{coin}" for coin in COINS)]:
            page.locator(f'[data-choice="{choice}"]').set_checked(choice in {f"coins:{coin}" for coin in COINS})
            answered.wait_for()
        page.locator("#moment").focus()
        for _ in range(18):  # from the 31st to the 13th of May
            page.keyboard.press("ArrowLeft")
        page.locator("#text").fill("\n\n".join(TYPED))
        page.locator("#analyze").click()
        page.locator("#results .words").nth(len(TYPED) - 1).wait_for()
        page.screenshot(path=output, full_page=True)
        browser.close()
    typer.echo(f"wrote {output} ({output.stat().st_size // 1000} KB)")


if __name__ == "__main__":
    typer.run(main)
