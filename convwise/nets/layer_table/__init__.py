"""The layer table: any graph of Keras layers, layer by layer: shapes, receptive fields, weights, work, memory."""
