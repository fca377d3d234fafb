"""Films side by side as one small moving picture (animated WebP), as at the top of the README.

dancekit demo
python examples/moving_picture.py moving.webp demo/subject.mp4 demo/driver.mp4 demo/dancer-driver.mp4
"""

from __future__ import annotations

import sys
from pathlib import Path

from dancekit.io import ffmpeg

SECONDS, RATE, HEIGHT = 5, 12, 270


def main(out: Path, films: list[Path]) -> None:
    """Write the first seconds of the films, one beside the other."""
    scaled = [f"[{n}:v]fps={RATE},scale=-2:{HEIGHT}[v{n}]" for n in range(len(films))]
    beside = "".join(f"[v{n}]" for n in range(len(films))) + f"hstack=inputs={len(films)}[out]"
    inputs = [part for film in films for part in ("-t", str(SECONDS), "-i", ffmpeg.local(film))]
    encoder = ["-c:v", "libwebp_anim", "-quality", "60", "-compression_level", "6", "-loop", "0"]
    how = ["-filter_complex", ";".join([*scaled, beside]), "-map", "[out]", *encoder]
    _, messages, status = ffmpeg.run([*inputs, *how, "-y", ffmpeg.local(out)])
    if status:
        raise SystemExit(f"{out} could not be written: {ffmpeg.last_line(messages)}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
