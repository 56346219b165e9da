"""What serve_load.py measures beside convwise: a plain FastAPI script and onnxruntime, written in ten minutes.

EXPORT in the environment names the folder; run by `uvicorn plain_onnxruntime:app`.
"""

import json
import os
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
from fastapi import FastAPI, UploadFile

folder = Path(os.environ["EXPORT"])
labels = json.loads((folder / "labels.json").read_text())
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = len(os.sched_getaffinity(0))  # of its own accord it takes all cores of the machine
session = onnxruntime.InferenceSession(folder / "model.onnx", options, providers=["CPUExecutionProvider"])
name = session.get_inputs()[0].name
app = FastAPI()


@app.post("/predict")
async def predict(file: UploadFile) -> dict:
    pixels = cv2.imdecode(np.frombuffer(await file.read(), np.uint8), cv2.IMREAD_COLOR)
    pixels = cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)
    pixels = cv2.resize(pixels, (labels["width"], labels["height"]), interpolation=cv2.INTER_AREA)
    row = session.run(None, {name: pixels[None].astype(np.float32)})[0][0]
    best = np.argsort(-row)[:5]
    return {"top": [{"label": labels["class_names"][i], "probability": float(row[i])} for i in best]}
