import { isNotifying, useNotifying } from "../../lib/notifying";
import { useText } from "../../lib/text";
import { Choices } from "./Choices";
import { texts } from "./texts";

/** Whether this browser notifies. Choosing it is the gesture at which the browser asks. */
export function Notifications() {
  const say = useText();
  const notifying = useNotifying();
  const { permission, choose } = notifying;
  const below = {
    granted: texts.notificationsAbout,
    default: texts.notificationsAbout,
    denied: texts.notificationsDenied,
    unable: texts.notificationsUnable,
  }[permission];
  return (
    <Choices
      title={say(texts.notifications)}
      options={[
        { value: "on", text: say(texts.on) },
        { value: "off", text: say(texts.off) },
      ]}
      value={isNotifying(notifying) ? "on" : "off"}
      onChoose={(value) => choose(value === "on" ? "on" : "off")}
      hint={say(below)}
    />
  );
}
