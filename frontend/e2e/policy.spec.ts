import { Product } from "./product";
import { expect, test } from "./test";

let product: Product;
test.beforeAll(async () => {
  product = await Product.start();
});
test.afterAll(() => product.stop());

for (const place of ["/", "/c/0199b0e2-0000-7000-8000-000000000000", "/settings"]) {
  test(`the content policy holds at ${place}: what is smuggled in neither runs nor calls out`, async ({ browser }) => {
    const page = await browser.newPage(); // of its own: its complaints are what is looked for
    const called: string[] = [];
    await page.route("https://evil.example/**", (route) => {
      called.push(route.request().url());
      return route.fulfill({ contentType: "text/javascript", body: "window.ran = 'outside'" });
    });
    await page.goto(product.url + place);
    await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
    const broken = await page.evaluate(async () => {
      const found: string[] = [];
      document.addEventListener("securitypolicyviolation", (event) => found.push(event.effectiveDirective));
      const add = (name: string, attributes: Record<string, string>, text = "") => {
        const element = document.createElement(name);
        for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
        element.textContent = text;
        document.body.append(element);
        return element;
      };
      add("script", {}, "window.ran = 'inline'");
      add("script", { src: "https://evil.example/x.js" });
      add("img", { src: "https://evil.example/x.png" });
      add("button", { onclick: "window.ran = 'handler'" }).click();
      add("style", {}, "body { display: none }");
      add("iframe", { src: "https://evil.example/" });
      await fetch("https://evil.example/").catch(() => undefined);
      while (found.length < 7) await new Promise((resolve) => setTimeout(resolve, 20));
      return { directives: found.toSorted(), ran: (window as unknown as { ran?: string }).ran };
    });
    expect(broken).toEqual({
      directives: [
        "connect-src",
        "frame-src",
        "img-src",
        "script-src-attr",
        "script-src-elem",
        "script-src-elem",
        "style-src-elem",
      ],
      ran: undefined,
    });
    expect(called).toEqual([]);
    await page.close();
  });
}
