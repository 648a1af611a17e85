// A block of code is copied with one button; the word on the button says that it was.
for (const block of document.querySelectorAll(".code")) {
  const button = make("button", "Copy", { type: "button" }), code = block.querySelector("code");
  button.setAttribute("aria-live", "polite");
  button.addEventListener("click", () => {
    const range = document.createRange(), selection = getSelection();
    range.selectNodeContents(code);
    selection.removeAllRanges();
    selection.addRange(range);  // without a clipboard, as in a file that was opened, the selection can be copied by hand
    const copied = navigator.clipboard ? navigator.clipboard.writeText(code.textContent) : Promise.reject(new Error("no clipboard"));
    copied.then(() => "Copied", () => (document.execCommand("copy") ? "Copied" : "Selected")).then((word) => { button.textContent = word; });
  });
  block.append(button);
}
