// BrokerServer: being written.
