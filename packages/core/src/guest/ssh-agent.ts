import type { BaseAgent, ParsedKey } from 'ssh2';

/** An agent that does not answer, a forwarded one whose connection is gone for example, must not hold up a login. */
const AGENT_ANSWER_MS = 5_000;

/** Whether the agent behind that socket holds a key; false when no agent answers there. */
export async function agentHolds(socket: string, publicBlob: Uint8Array): Promise<boolean> {
  const agent = await agentFor(socket, publicBlob);
  return new Promise<boolean>((resolve) => {
    const timer = setTimeout(() => resolve(false), AGENT_ANSWER_MS);
    agent.getIdentities((error, keys) => {
      clearTimeout(timer);
      resolve(!error && keys !== undefined && keys.length > 0);
    });
  });
}

/** An agent that shows only one of its keys: a server counts every key that is offered as a failed attempt. */
export async function agentFor(socket: string, publicBlob: Uint8Array | undefined): Promise<BaseAgent> {
  const { default: ssh2 } = await import('ssh2');
  const agent = ssh2.createAgent(socket);
  if (publicBlob === undefined) return agent;
  const getIdentities = agent.getIdentities.bind(agent);
  agent.getIdentities = (callback) => {
    getIdentities((error, keys) => {
      if (error) callback(error);
      else
        callback(
          undefined,
          keys?.filter((key) => isParsedKey(key) && key.getPublicSSH().equals(publicBlob)),
        );
    });
  };
  return agent;
}

function isParsedKey(key: unknown): key is ParsedKey {
  return typeof key === 'object' && key !== null && 'getPublicSSH' in key;
}
