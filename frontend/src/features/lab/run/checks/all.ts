import { texts } from "../../texts";
import type { Group } from "../run";
import type { World } from "../world";
import { chatChecks } from "./chats";
import { errorChecks } from "./errors";
import { latencyChecks } from "./latency";
import { memberChecks } from "./members";
import { messageChecks } from "./messages";
import { readingChecks } from "./reading";
import { subscriptionChecks } from "./subscriptions";
import { userChecks } from "./users";

/** Everything that an automated run looks at. */
export const groups: readonly Group<World>[] = [
  { name: texts.groupUsers, checks: userChecks },
  { name: texts.groupChats, checks: chatChecks },
  { name: texts.groupMessages, checks: messageChecks },
  { name: texts.groupReading, checks: readingChecks },
  { name: texts.groupMembers, checks: memberChecks },
  { name: texts.groupSubscriptions, checks: subscriptionChecks },
  { name: texts.groupErrors, checks: errorChecks },
  { name: texts.groupLatency, checks: latencyChecks },
];
