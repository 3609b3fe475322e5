// AgentCore: being written.
