import { post } from "../../../../api/post";
import {
  LabCreateUserDocument,
  LabHealthDocument,
  LabLoginDocument,
  LabLogoutDocument,
  LabMeDocument,
  LabRefreshDocument,
  LabRemoveUserDocument,
  LabSessionsDocument,
  LabUpdateUserDocument,
  LabUserByUsernameDocument,
  LabUserDocument,
  LabUsersDocument,
} from "../../gql/graphql";
import { texts } from "../../texts";
import { becomes, refused, same } from "../expect";
import type { Check } from "../run";
import { secretsOf, type World } from "../world";

export const userChecks: readonly Check<World>[] = [
  {
    name: texts.checkHealth,
    async run({ ada, ben }) {
      for (const { instances } of [ada, ben]) {
        for (const role of ["user", "sender", "receiver"] as const) {
          const { name, graphql } = instances.current(role);
          same(`${name}: health`, (await post(graphql, LabHealthDocument, {})).health, "ok");
        }
      }
    },
  },
  {
    name: texts.checkFind,
    async run({ ada, ben }) {
      const { id, username } = secretsOf(ada);
      same("user.id", (await ben.call(LabUserDocument, { id })).user.id, id);
      same("userByUsername.id", (await ben.call(LabUserByUsernameDocument, { username })).userByUsername.id, id);
      same("users", (await ben.call(LabUsersDocument, { search: username })).users, [{ id }] as never);
      same("me.id", (await ada.call(LabMeDocument, {})).me.id, id);
    },
  },
  {
    name: texts.checkProfile,
    async run({ ada, ben }) {
      const { id, name } = ada.person;
      for (const displayName of [`${name} of the run`, name]) {
        await ada.call(LabUpdateUserDocument, { id, displayName });
        same("user.displayName", (await ben.call(LabUserDocument, { id })).user.displayName, displayName);
      }
    },
  },
  {
    name: texts.checkTaken,
    async run({ ada, ben }) {
      const { username, password } = secretsOf(ada);
      const again = ben.call(LabCreateUserDocument, { username, email: `2.${username}@example.org`, password });
      await refused("createUser", again, "CONFLICT");
    },
  },
  {
    name: texts.checkSession,
    isFor: ({ auth }) => auth === "accounts",
    async run({ ada, ben }) {
      const { username, password } = secretsOf(ada);
      const [here, there] = [ada, ben].map(({ instances }) => instances.current("user").graphql) as [string, string];
      await refused("login", post(here, LabLoginDocument, { username, password: `${password}x` }), "UNAUTHENTICATED");
      const { login } = await post(here, LabLoginDocument, { username, password });
      const { refreshToken: next } = await post(there, LabRefreshDocument, { token: login.refreshToken });
      const init = { headers: { authorization: `Bearer ${next.accessToken}` } };
      const { sessions } = await post(there, LabSessionsDocument, {}, init);
      same("sessions.isCurrent", sessions.filter((one) => one.isCurrent).length, 1);
      same("logout", (await post(here, LabLogoutDocument, {}, init)).logout, true);
      const code = () =>
        post(there, LabMeDocument, {}, init).then(
          () => "",
          (failure) => failure.code,
        );
      await becomes("me", code, "UNAUTHENTICATED");
    },
  },
  {
    name: texts.checkRemoveUser,
    async run({ ben, people }) {
      const one = await people.make("Dora");
      const { graphql } = ben.instances.current("user");
      const headers = await one.credentials();
      const { removeUser } = await post(graphql, LabRemoveUserDocument, { id: one.id }, { headers });
      same("removeUser.isActive", removeUser.isActive, false);
      same("user.isActive", (await ben.call(LabUserDocument, { id: one.id })).user.isActive, false);
    },
  },
];
