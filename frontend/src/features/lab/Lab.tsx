import { useEffect, useState } from "react";
import { Route, Switch } from "wouter";
import { useInstallation, useUserId } from "../../api/Api";
import { LabContext, type LabTools } from "./LabContext";
import { LabIndex } from "./LabIndex";
import { MessagingPage } from "./messaging/MessagingPage";
import { createPeople } from "./people";
import { RunPage } from "./run/RunPage";
import { UnreadPage } from "./unread/UnreadPage";
import { usePageEnd } from "./usePageEnd";

/** The live test pages. Whom they make is removed when one leaves or closes them. */
export function Lab() {
  const installation = useInstallation();
  const userId = useUserId();
  const [tools, setTools] = useState<LabTools | null>(null);
  useEffect(() => {
    const people = createPeople(installation, userId);
    setTools({ config: installation.config, people });
    return () => void people.clear();
  }, [installation, userId]);
  usePageEnd(() => tools?.people.leave());
  if (!tools) return null;
  return (
    <LabContext value={tools}>
      <Switch>
        <Route path="/lab/messaging">
          <MessagingPage />
        </Route>
        <Route path="/lab/unread">
          <UnreadPage />
        </Route>
        <Route path="/lab/run">
          <RunPage />
        </Route>
        <Route>
          <LabIndex />
        </Route>
      </Switch>
    </LabContext>
  );
}
