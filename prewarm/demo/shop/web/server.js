import { createServer } from "node:http";

const page = "<!doctype html><title>Shop</title><h1>Nothing left today</h1>";

createServer((request, response) => {
  const found = request.url === "/" || request.url === "/healthz";
  response.writeHead(found ? 200 : 404, { "content-type": "text/html" });
  response.end(found ? page : "not found");
}).listen(8080);
