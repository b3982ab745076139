/* Passkeys: the one thing here that a browser does only by script.
   A form with data-passkey="make" or "use" holds its question in data-question. When it is sent, the
   browser asks its holder for the passkey, and the answer goes with the form. */
(() => {
  "use strict";
  if (!window.PublicKeyCredential) return;
  const bytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replace(/[+]/g, "-").replace(/[/]/g, "_").replace(/=+$/, "");
  const known = (list) => (list || []).map((each) => ({ ...each, id: bytes(each.id) }));

  const make = async (asked) => {
    const publicKey = {
      ...asked,
      challenge: bytes(asked.challenge),
      user: { ...asked.user, id: bytes(asked.user.id) },
      excludeCredentials: known(asked.excludeCredentials),
    };
    const made = await navigator.credentials.create({ publicKey });
    return {
      id: made.id, rawId: text(made.rawId), type: made.type,
      response: {
        clientDataJSON: text(made.response.clientDataJSON),
        attestationObject: text(made.response.attestationObject),
      },
    };
  };

  const use = async (asked) => {
    const publicKey = {
      ...asked, challenge: bytes(asked.challenge), allowCredentials: known(asked.allowCredentials),
    };
    const used = await navigator.credentials.get({ publicKey });
    return {
      id: used.id, rawId: text(used.rawId), type: used.type,
      response: {
        clientDataJSON: text(used.response.clientDataJSON),
        authenticatorData: text(used.response.authenticatorData),
        signature: text(used.response.signature),
        userHandle: used.response.userHandle ? text(used.response.userHandle) : null,
      },
    };
  };

  document.querySelectorAll("[data-passkey-only]").forEach((each) => { each.hidden = false; });
  document.querySelectorAll("form[data-passkey]").forEach((form) => {
    form.addEventListener("submit", async (event) => {
      if (form.elements.answer.value) return;
      event.preventDefault();
      const said = form.querySelector("[role=status]");
      said.textContent = "";
      try {
        const asked = JSON.parse(form.dataset.question);
        const answer = await (form.dataset.passkey === "make" ? make(asked) : use(asked));
        form.elements.answer.value = JSON.stringify(answer);
        form.submit();
      } catch {
        said.textContent = form.dataset.failed;
      }
    });
  });
})();
