// What the page adds where there is JavaScript. All that it shows can be read without it.
import { addCopyButtons } from "./copy.js";
import { defineDropPictures } from "./drop-pictures.js";
import { defineLivePart } from "./live-part.js";
import { rememberTheme } from "./theme.js";

rememberTheme();
addCopyButtons(document);
defineLivePart();
defineDropPictures();
