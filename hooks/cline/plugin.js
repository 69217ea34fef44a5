// Taximeter: one line of token counts per model request, so that the meter runs while Cline works.
// A line holds no text of the conversation, nothing is sent anywhere, and no error of this file reaches Cline.
// `taximeter uninstall cline` removes it.
import { appendFileSync, readdirSync, statSync, unlinkSync } from "node:fs";
import { join } from "node:path";

const FOLDER = "@rows-folder@";
const KEPT_MS = 30 * 24 * 60 * 60 * 1000;
const FILE_NAME = /^[\w.-]{1,128}$/;

let session = "";

function quietly(work) {
  try {
    work();
  } catch {
    // The folder is gone or full: Cline's own records will tell the same, later.
  }
}

function removeOldFiles() {
  for (const name of readdirSync(FOLDER)) {
    const path = join(FOLDER, name);
    if (name.endsWith(".jsonl") && Date.now() - statSync(path).mtimeMs > KEPT_MS) unlinkSync(path);
  }
}

function write(message, snapshot) {
  if (!FILE_NAME.test(session) || !message?.id || !message.metrics) return;
  const { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, reasoningTokenCount, cost } = message.metrics;
  const row = {
    session,
    agent: snapshot?.agentId ?? "",
    parent: snapshot?.parentAgentId,
    id: message.id,
    at: message.createdAt ?? Date.now(),
    model: message.modelInfo?.id,
    provider: message.modelInfo?.provider,
    metrics: { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, reasoningTokenCount, cost },
  };
  appendFileSync(join(FOLDER, `${session}.jsonl`), `${JSON.stringify(row)}\n`, { mode: 0o600 });
}

export default {
  name: "taximeter",
  manifest: { capabilities: ["hooks"] },
  setup(_api, context) {
    session = context?.session?.sessionId ?? "";
    quietly(removeOldFiles);
  },
  hooks: {
    afterModel(context) {
      quietly(() => write(context?.assistantMessage, context?.snapshot));
    },
  },
};
