"""Terraform: which resources pull which images, through variables, locals and modules."""

from __future__ import annotations

import pytest

from prewarm.scan.finding import Skipped
from prewarm.scan.reader import Inputs
from prewarm.scan.terraform import read
from tests.scan.ci.shown import results, shown

PATH = "infra/main.tf"

RESOURCES = {
    "docker": (
        """\
        # resource "docker_image" "no" { name = "no:1" }
        resource "docker_image" "a" {
          name         = "nginx:1.27" // no:2
          keep_locally = true
          platform     = "linux/arm64"
        }
        resource "docker_image" "built" {
          name = "own:1"
          build { context = "." }
        }
        resource "docker_container" "a" {
          name  = "image"
          image = docker_image.a.image_id
        }
        resource "docker_container" "b" { image = "redis:7" }
        data "docker_registry_image" "u" { name = "ubuntu:24.04" }
        resource "docker_image" "u" {
          name          = data.docker_registry_image.u.name
          pull_triggers = [data.docker_registry_image.u.sha256_digest]
        }
        resource "docker_registry_image" "p" { name = "no:3" }
        resource "docker_service" "s" {
          task_spec { container_spec { image = "app:1" } }
        }
        """,
        [
            "nginx:1.27 | image [linux/arm64] | 3",
            "own:1 | image (product) | 8",
            "redis:7 | container | 15",
            "ubuntu:24.04 | image | 18",
            "app:1 | service | 23",
        ],
    ),
    "kubernetes": (
        """\
        resource "kubernetes_deployment" "a" {
          metadata { name = "image" }
          spec {
            template {
              spec {
                init_container { image = "i:1" }
                container {
                  image = "a:1"
                  env { name = "image", value = "no:1" }
                }
              }
            }
          }
        }
        resource "kubernetes_manifest" "m" {
          manifest = {
            kind = "Pod"
            spec = { containers = [{ name = "x", image = "m:1" }], image = "no:2" }
          }
        }
        resource "kubectl_manifest" "y" {
          yaml_body = <<-YAML
            spec:
              containers:
                - image: y:1
                - image: "z:${var.none}"
          YAML
        }
        resource "kubernetes_config_map" "c" { data = { image = "no:3" } }
        """,
        [
            "i:1 | container | 6",
            "a:1 | container | 8",
            "m:1 | container | 18",
            "y:1 | container | 25",
            "? z:${var.none} | 26",
        ],
    ),
    "clouds": (
        """\
        resource "google_cloud_run_service" "a" {
          template { spec { containers { image = "gcr.io/p/a:1" } } }
        }
        resource "google_cloudbuild_trigger" "b" { build { step { name = "b:1" } } }
        resource "aws_lambda_function" "c" { image_uri = "1.dkr.ecr.eu-west-1.amazonaws.com/c:1" }
        resource "aws_codebuild_project" "d" {
          environment { image = "aws/codebuild/standard:7.0" }
        }
        resource "aws_codebuild_project" "e" { environment { image = "e:1" } }
        resource "azurerm_container_group" "f" { container { image = "f:1" } }
        resource "azurerm_linux_web_app" "g" {
          site_config {
            application_stack {
              docker_image_name   = "g:1"
              docker_registry_url = "https://reg.io"
            }
          }
        }
        resource "azurerm_app_service" "h" { site_config { linux_fx_version = "DOCKER|h:1" } }
        resource "azurerm_linux_web_app" "i" {
          site_config { application_stack { node_version = "20-lts" } }
        }
        resource "aws_instance" "j" { image = "no:1" }
        resource "kind_cluster" "k" { node_image = "kindest/node:v1.30.0" }
        resource "azurerm_linux_function_app" "l" {
          site_config { application_stack { docker {
            registry_url = "reg.io"
            image_name   = "l"
            image_tag    = "1"
          } } }
        }
        resource "digitalocean_app" "m" {
          spec {
            service { image {
              registry_type = "DOCKER_HUB"
              registry      = "org"
              repository    = "m"
              tag           = "1"
            } }
            worker { image {
              registry_type = "DOCR"
              repository    = "no"
            } }
          }
        }
        """,
        [
            "gcr.io/p/a:1 | container | 2",
            "b:1 | step image | 4",
            "1.dkr.ecr.eu-west-1.amazonaws.com/c:1 | function | 5",
            "e:1 | job image | 9",
            "f:1 | container | 10",
            "reg.io/g:1 | container | 14",
            "h:1 | container | 19",
            "kindest/node:v1.30.0 | node image | 24",
            "reg.io/l:1 | container | 28",
            "org/m:1 | container | 37",
        ],
    ),
    "container definitions": (
        """\
        variable "tag" { default = "1" }
        locals { more = [{ image = "l:1" }] }
        resource "aws_ecs_task_definition" "a" {
          container_definitions = jsonencode([
            { name = "image", image = "a:${var.tag}", environment = [{ name = "image" }] },
            { image = format("%s:%s", "b", var.tag) },
          ])
        }
        resource "aws_ecs_task_definition" "b" {
          container_definitions = <<-EOF
            [
              {"name": "x", "image": "c:${var.tag}", "essential": true},
              {"image" : "d:1"}
            ]
          EOF
        }
        resource "aws_ecs_task_definition" "c" {
          container_definitions = "[{\\"name\\": \\"x\\", \\"image\\": \\"e:1\\"}]"
        }
        resource "aws_ecs_task_definition" "d" { container_definitions = jsonencode(local.more) }
        resource "aws_ecs_task_definition" "e" { container_definitions = module.x.json }
        resource "aws_batch_job_definition" "f" {
          container_properties = jsonencode({ command = ["image"], image = "f:1" })
        }
        """,
        [
            "l:1 | container | 2",
            "a:1 | container | 5",
            "b:1 | container | 6",
            "c:1 | container | 12",
            "d:1 | container | 13",
            "e:1 | container | 18",
            "? module.x.json | 21",
            "f:1 | container | 23",
        ],
    ),
    "a job of Nomad's": (
        """\
        resource "nomad_job" "a" {
          jobspec = <<EOT
        job "image" {
          group "g" { task "t" {
            driver = "docker"
            config { image = "n:1" }
          } }
        }
        EOT
        }
        """,
        ["n:1 | task | 6"],
    ),
}

NAMES = {
    "variables and locals": (
        """\
        variable "tag" {
          type    = string
          default = "1"
        }
        variable "none" { type = string }
        variable "images" { default = { web = { name = "w", tag = "2" }, list = ["l:1"] } }
        locals {
          registry = "reg.io"
          full     = "${local.registry}/full:${var.tag}"
        }
        resource "docker_image" "a" { name = "a:${var.tag}" }
        resource "docker_image" "b" { name = local.full }
        resource "docker_image" "c" { name = "c:${var.none}" }
        resource "docker_image" "d" { name = var.none }
        resource "docker_image" "e" { name = "${var.images.web.name}:${var.images["web"].tag}" }
        resource "docker_image" "f" { name = var.images["list"][0] }
        resource "docker_image" "g" { name = aws_ecr_repository.x.repository_url }
        resource "docker_image" "h" { name = "h:${terraform.workspace}" }
        """,
        [
            "a:1 | image | 11",
            "reg.io/full:1 | image | 12",
            "? c:${var.none} | 13",
            "? var.none | 14",
            "w:2 | image | 15",
            "l:1 | image | 16",
            "? aws_ecr_repository.x.repository_url | 17",
            "? h:${terraform.workspace} | 18",
        ],
    ),
    "functions and conditions": (
        """\
        variable "r" { default = "" }
        variable "on" { default = true }
        variable "n" { default = null }
        resource "docker_image" "a" { name = join("/", ["reg.io", "a:1"]) }
        resource "docker_image" "b" { name = coalesce(var.n, "b:1") }
        resource "docker_image" "c" { name = lookup({ x = "c:1" }, "x", "no:1") }
        resource "docker_image" "d" { name = "${var.r != "" ? "${var.r}/" : ""}d:1" }
        resource "docker_image" "e" { name = var.on ? "e:1" : "no:2" }
        resource "docker_image" "f" { name = data.x.y.z ? "f:1" : "f:2" }
        resource "docker_image" "g" { name = var.n == null ? "g:1" : var.n }
        resource "docker_image" "h" { name = "h:${sha1(file("x"))}" }
        resource "docker_image" "i" { name = lower("I:1") }
        resource "docker_image" "j" { name = "%{ if var.on }j:1%{ endif }" }
        resource "docker_image" "k" { name = var.on && var.n != null ? "no:3" : "k:1" }
        resource "docker_image" "l" { name = data.x.y || var.on ? "l:1" : "no:4" }
        resource "docker_image" "m" { name = !var.on || data.x.y ? "m:1" : "m:2" }
        resource "docker_image" "n" { name = format("%s/%s:%d", "reg.io", "n", 1) }
        resource "docker_image" "o" { name = replace("o.1", ".", ":") }
        resource "docker_image" "p" { name = try(var.missing, "p:1") }
        """,
        [
            "reg.io/a:1 | image | 4",
            "b:1 | image | 5",
            "c:1 | image | 6",
            "d:1 | image | 7",
            "e:1 | image | 8",
            "f:1 | image | 9",
            "f:2 | image | 9",
            "g:1 | image | 10",
            '? h:${sha1(file("x"))} | 11',
            "i:1 | image | 12",
            "? %{ if var.on }j:1%{ endif } | 13",
            "k:1 | image | 14",
            "l:1 | image | 15",
            "m:1 | image | 16",
            "m:2 | image | 16",
            "reg.io/n:1 | image | 17",
            "o:1 | image | 18",
            "p:1 | image | 19",
        ],
    ),
    "for each": (
        """\
        variable "all" { default = { a = { image = "a:1" }, b = { image = "b:1" } } }
        resource "docker_image" "x" {
          for_each = var.all
          name     = each.value.image
        }
        resource "docker_image" "y" {
          for_each = toset(["c:1", "d:1"])
          name     = each.key
        }
        resource "docker_image" "z" {
          for_each = data.none.x
          name     = each.value
        }
        resource "azurerm_container_group" "g" {
          dynamic "container" {
            for_each = [{ image = "e:1" }]
            content { image = container.value.image }
          }
          dynamic "container" {
            for_each = ["f:1"]
            iterator = it
            content { image = it.value }
          }
        }
        resource "docker_image" "off" {
          count = 0
          name  = "no:1"
        }
        """,
        [
            "a:1 | image | 4",
            "b:1 | image | 4",
            "c:1 | image | 8",
            "d:1 | image | 8",
            "? each.value | 12",
            "e:1 | container | 17",
            "f:1 | container | 22",
        ],
    ),
}


@pytest.mark.parametrize(
    ("text", "expected"), [*RESOURCES.values(), *NAMES.values()], ids=[*RESOURCES, *NAMES]
)
def test_terraform(text: str, expected: list[str]) -> None:
    assert shown(read, text, PATH) == expected


def test_names_stand_in_all_files_of_the_folder() -> None:
    text = 'resource "docker_image" "a" { name = "${local.r}/a:${var.a}-${var.b}-${var.c}" }\n'
    files = {
        "infra/variables.tf": 'variable "a" { default = "1" }\nvariable "b" {}\nvariable "c" {}\n',
        "infra/locals.tf": 'locals { r = "reg.io" }\n',
        "infra/terraform.tfvars": 'b = "2"\nc = "no"\n',
        "infra/z.auto.tfvars": 'c = "3"\n',
        "infra/other.tfvars": 'a = "no"\n',
        "variables.tf": 'variable "a" { default = "no" }\n',
    }
    assert shown(read, text, PATH, files) == ["reg.io/a:1-2-3 | image | 1"]
    inputs = Inputs(variables={"var.a": "7"})
    assert shown(read, text, PATH, files, inputs) == ["reg.io/a:7-2-3 | image | 1"]


def test_modules_of_the_repository() -> None:
    text = """\
        locals { tag = "1" }
        module "app" {
          source = "../modules/app"
          image  = "a:${local.tag}"
        }
        module "other" { source = "hashicorp/x/aws" }
        """
    files = {
        "modules/app/main.tf": """\
            variable "image" {}
            variable "side" { default = "s:1" }
            resource "docker_image" "a" { name = var.image }
            module "inner" {
              source = "./inner"
              name   = var.side
            }
            """,
        "modules/app/inner/x.tf": 'variable "name" {}\n'
        'resource "docker_container" "a" { image = var.name }\n',
    }
    assert shown(read, text, PATH, files) == [
        "s:1 | container | modules/app/inner/x.tf:2",
        "a:1 | image | modules/app/main.tf:3",
    ]
    via = [[str(p) for p in r.via] for r in results(read, text, PATH, files)]  # type: ignore[union-attr]
    assert via == [["infra/main.tf:2"], ["infra/main.tf:2", "modules/app/main.tf:4"]]


def test_containers_in_files_of_their_own() -> None:
    text = """\
        resource "aws_ecs_task_definition" "a" {
          container_definitions = file("${path.module}/tasks/a.json")
        }
        resource "aws_ecs_task_definition" "b" {
          container_definitions = templatefile("tasks/b.json", { tag = "2" })
        }
        resource "aws_ecs_task_definition" "c" { container_definitions = file("none.json") }
        """
    files = {
        "infra/tasks/a.json": '[{"image": "a:1"}]\n',
        "infra/tasks/b.json": '[{"port": ${port},\n  "image": "b:${tag}"}]\n',
    }
    assert shown(read, text, PATH, files) == [
        '? file("none.json") | 7',
        "a:1 | container | infra/tasks/a.json:1",
        "b:2 | container | infra/tasks/b.json:2",
    ]


def test_json_syntax() -> None:
    text = """\
        {
          "variable": {"tag": {"default": "1"}},
          "resource": {
            "docker_image": {"a": {"name": "a:${var.tag}"}},
            "kubernetes_pod": {"b": [{"spec": [{"container": [{"image": "b:1"}]}]}]},
            "docker_container": {"c": {"count": 0, "image": "no:1"}}
          }
        }
        """
    assert shown(read, text, "main.tf.json") == ["a:1 | image | 4", "b:1 | container | 5"]


def test_broken_parts_are_skipped() -> None:
    text = """\
        resource "docker_image" "a" {
          name = =
        }
        resource "docker_image" "b" { name = "b:1" }
        """
    assert shown(read, text, PATH) == ["b:1 | image | 4"]
    assert Skipped(PATH, "line 2: a value is missing") in results(read, text, PATH)


@pytest.mark.parametrize("text", ["", "x", "resource {}", 'resource "docker_image" {}', "}", "{"])
def test_anything_else_is_no_image(text: str) -> None:
    assert shown(read, text, PATH) == []
