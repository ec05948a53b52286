"""The stacked multilayer perceptron: many networks of one shape as one batched product."""
