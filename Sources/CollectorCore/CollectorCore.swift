// CollectorCore: the collector as a service. It reads the configuration, wires broker and server together, and starts and
// stops them in order.
