// BrokerCore: being written.
