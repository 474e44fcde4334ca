"""The way to an MQTT broker, and a small broker of one's own."""

from bridge.broker.client import Broker, Delivery

__all__ = ["Broker", "Delivery"]
