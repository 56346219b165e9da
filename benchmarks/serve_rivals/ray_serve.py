"""What serve_load.py measures beside convwise: the adapter on a local Ray, by Ray Serve.

python ray_serve.py EXPORT PORT
"""

import sys
import time

import ray
from ray import serve
from starlette.requests import Request

from convwise.serving.adapter import Predictor


@serve.deployment(ray_actor_options={"num_cpus": 1})
class Pictures:
    def __init__(self, export: str) -> None:
        self.predictor = Predictor.open(export)

    async def __call__(self, request: Request) -> list[dict]:
        if request.method == "GET":
            return []  # it is there
        file = (await request.form())["file"]
        return self.predictor.predict([await file.read()])


if __name__ == "__main__":
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    serve.start(http_options={"port": int(sys.argv[2])})
    serve.run(Pictures.bind(sys.argv[1]))
    while True:
        time.sleep(3600)
