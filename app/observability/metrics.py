"""Metrics in Prometheus' text form; each is described in docs/operations.md."""

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

Reading = Callable[[], Iterable[tuple[str, str, dict[str, str], float]]]


class _Readings(Collector):
    """Gauges that are read when somebody asks."""

    def __init__(self, readings: list[Reading]) -> None:
        self._readings = readings

    def collect(self) -> Iterable[Metric]:
        """One family a name, one sample for each set of labels."""
        families: dict[str, GaugeMetricFamily] = {}
        for reading in self._readings:
            for name, description, labels, value in reading():
                family = families.setdefault(name, GaugeMetricFamily(name, description, labels=list(labels)))
                family.add_metric(list(labels.values()), value)
        return families.values()


class Metrics:
    """The metrics of one process."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._readings: list[Reading] = []
        self._registry.register(_Readings(self._readings))
        self.http_requests = Counter(
            "taskloom_http_requests_total", "HTTP requests answered.", ["method", "status"], registry=self._registry
        )
        self.http_seconds = Histogram(
            "taskloom_http_request_seconds", "Time to answer an HTTP request.", registry=self._registry
        )
        self.leases_expired = Counter(
            "taskloom_leases_expired_total", "Runs taken from holders whose lease ended.", registry=self._registry
        )

    def read(self, reading: Reading) -> None:
        """Add gauges that are read when somebody asks."""
        self._readings.append(reading)

    def text(self) -> bytes:
        """All metrics in the text exposition format."""
        return generate_latest(self._registry)
