import { useInstallation } from "../../api/Api";
import type { Role } from "../../api/roles.gen";
import { useText } from "../../lib/text";
import { Select } from "../../ui/Select";
import styles from "./PlaceFields.module.css";
import { everybody, type Who } from "./people";
import { texts } from "./texts";
import type { Place } from "./usePlaces";

/** Who sits at a pane and at which instances, to be chosen. Without `onWho` it is somebody for good. */
export function PlaceFields({
  place,
  roles,
  onWho,
  onInstance,
  disabled,
}: {
  place: Place;
  roles: readonly Role[];
  onWho?: (who: Who) => void;
  onInstance: (role: Role, name: string) => void;
  disabled?: boolean;
}) {
  const say = useText();
  const { instances } = useInstallation();
  return (
    <div className={styles.fields}>
      {onWho && (
        <Select
          label={say(texts.person)}
          value={place.who}
          disabled={disabled}
          onChange={(who) => onWho(who as Who)}
          options={everybody.map((who) => ({ value: who, text: say(texts[who]) }))}
        />
      )}
      {roles.map((role) => (
        <Select
          key={role}
          label={say(texts[role])}
          value={place[role]}
          disabled={disabled}
          onChange={(name) => onInstance(role, name)}
          options={instances.list(role).map(({ name }) => ({ value: name, text: name }))}
        />
      ))}
    </div>
  );
}
